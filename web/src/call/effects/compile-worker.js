// Compiles WebAssembly. Only the workers of effects may do that, by the content security policy of their own files:
// pages may not, nor may worklets, which have the policy of their page. Instantiating what is compiled is no question
// of the policy, so that a worklet can use what this worker hands to it.

self.addEventListener("message", async ({ data: address }) => {
  try {
    const response = await fetch(address);
    if (!response.ok) throw new Error(`${response.status} for ${address}`);
    self.postMessage({ module: await WebAssembly.compile(await response.arrayBuffer()) });
  } catch (error) {
    self.postMessage({ failure: String(error) });
  }
});
