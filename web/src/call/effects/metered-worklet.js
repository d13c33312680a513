// Runs before the worklet of @sapphi-red/web-noise-suppressor, and adds two things to its processor: it takes compiled
// WebAssembly where it expects bytes, since a worklet may not compile under the page's content security policy; and it
// tells what the processing costs. Worklets have no clock finer than milliseconds, so that the sum over many blocks is
// what counts.

const REPORTED_BLOCKS = 750; // two seconds at 48 kHz
const register = globalThis.registerProcessor;
const instantiate = WebAssembly.instantiate;

globalThis.registerProcessor = (name, Processor) => {
  register(
    name,
    class extends Processor {
      constructor(options) {
        const module = options.processorOptions.wasmBinary;
        WebAssembly.instantiate = async (_, imports) => ({
          instance: await instantiate(module, imports),
          module,
        });
        super(options);
        this.blocks = 0;
        this.busyMs = 0;
      }

      process(...block) {
        const began = Date.now();
        const goesOn = super.process(...block);
        this.busyMs += Date.now() - began;
        if (++this.blocks === REPORTED_BLOCKS) {
          this.port.postMessage({ busyMs: this.busyMs });
          this.blocks = this.busyMs = 0;
        }
        return goesOn;
      }
    },
  );
};
