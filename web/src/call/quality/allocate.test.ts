import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { allocate, fairShares, type PeerDemand, type SendingSituation } from "./allocate";
import { RELIEF } from "./cpu-relief";
import { cameraGuess, RUNGS, textGuess } from "./picture-ladder";

const HD = { width: 1280, height: 720, isText: false };
const TEXT = { width: 1920, height: 1080, isText: true };
const NOTHING = { camera: 0, screen: 0 };

function situation(change: Partial<SendingSituation> = {}): SendingSituation {
  return {
    others: 1,
    speaking: false,
    relief: RELIEF.none,
    captures: { camera: HD, screen: null },
    ...change,
  };
}

function demand(peerID: string, change: Partial<PeerDemand> = {}): PeerDemand {
  return { peerID, wishes: {}, bandwidth: null, isTrying: false, sent: NOTHING, ...change };
}

function many(count: number, change: Partial<PeerDemand> = {}): PeerDemand[] {
  return Array.from({ length: count }, (_, index) => demand(`p${index}`, change));
}

/** What each of so many others gets of the camera. */
function camera(others: number, change: Partial<SendingSituation> = {}, wish?: number) {
  const wishes = wish === undefined ? {} : { camera: wish };
  const allocations = allocate(situation({ others, ...change }), many(others, { wishes }));
  const encodings = [...allocations.values()].map((allocation) => allocation.camera);
  for (const encoding of encodings) expect(encoding).toEqual(encodings[0]);
  return encodings[0];
}

describe("the first guess, for peers that say nothing", () => {
  it.each([
    [1, 1_700_000, 720, 30],
    [2, 1_000_000, 720, 30],
    [3, 800_000, 540, 25],
    [4, 500_000, 360, 25],
    [5, 450_000, 360, 25],
    [6, 250_000, 270, 15],
    [7, 250_000, 270, 15],
    [8, 160_000, 180, 15],
    [20, 160_000, 180, 15],
  ])(
    "of %i others is %i bit/s, %i lines, %i pictures a second",
    (others, maxBitrate, lines, maxFramerate) => {
      const encoding = camera(others);
      expect(encoding).toMatchObject({ active: true, maxBitrate, lines, maxFramerate });
      expect(encoding?.scaleResolutionDownBy).toBeCloseTo(720 / lines);
    },
  );

  it("is a step better for a speaker", () => {
    expect(camera(4, { speaking: true })).toMatchObject({ maxBitrate: 800_000, lines: 540 });
    expect(camera(7, { speaking: true })).toMatchObject({ maxBitrate: 450_000, maxFramerate: 25 });
    expect(camera(1, { speaking: true })).toEqual(camera(1));
  });

  it("never enlarges what is captured", () => {
    const captures = { camera: { width: 640, height: 360, isText: false }, screen: null };
    expect(camera(1, { captures })).toMatchObject({
      lines: 360,
      scaleResolutionDownBy: 1,
      maxBitrate: 600_000,
    });
  });
});

describe("wishes", () => {
  it("are obeyed, with the bits that such a size is worth", () => {
    expect(camera(1, {}, 360)).toMatchObject({
      lines: 360,
      maxBitrate: 600_000,
      scaleResolutionDownBy: 2,
    });
    expect(camera(1, {}, 300)).toMatchObject({ lines: 360 });
    expect(camera(1, {}, 90)).toMatchObject({ lines: 90, maxBitrate: 80_000 });
    expect(camera(1, {}, 0)).toMatchObject({ active: false, lines: 0 });
  });

  it("of small tiles leave their bits to the large one", () => {
    const [large, ...small] = many(7, { wishes: { camera: 90 } });
    const demands = [{ ...(large as PeerDemand), wishes: { camera: 720 } }, ...small];
    const allocations = allocate(situation({ others: 7 }), demands);
    expect(allocations.get("p0")?.camera).toMatchObject({ lines: 720 });
    expect(allocations.get("p1")?.camera).toMatchObject({ lines: 90, maxBitrate: 80_000 });
  });

  it("of all for large tiles get no more than the first guess", () => {
    expect(camera(7, {}, 720)).toMatchObject({ lines: 270, maxBitrate: 250_000 });
  });

  it("are for heights, whichever way the phone is held", () => {
    const captures = { camera: { width: 720, height: 1280, isText: false }, screen: null };
    expect(camera(1, { captures }, 640)).toMatchObject({ lines: 360, scaleResolutionDownBy: 2 });
  });
});

describe("what the way bears", () => {
  const over = (bandwidth: number, change: Partial<PeerDemand> = {}) =>
    allocate(situation(), [demand("ann", { bandwidth, ...change })]).get("ann");

  it("is not exceeded", () => {
    expect(over(400_000)?.camera).toMatchObject({ lines: 360, maxBitrate: 400_000 });
    expect(over(60_000)?.camera).toMatchObject({ lines: 90, maxBitrate: 60_000 });
    expect(over(30_000)?.camera).toMatchObject({ active: false });
  });

  it("is tried out by more bits of the same picture", () => {
    const tried = over(400_000, { isTrying: true })?.camera;
    expect(tried).toMatchObject({ lines: 360, maxBitrate: 1_700_000 });
    expect(over(2_000_000, { isTrying: true })).toEqual(over(2_000_000));
  });

  it("has to be enough for a larger picture by a margin, and for the same picture without", () => {
    const bandwidth = 360_000;
    expect(over(bandwidth)?.camera?.lines).toBe(270);
    expect(over(bandwidth, { sent: { camera: 360, screen: 0 } })?.camera?.lines).toBe(360);
  });

  it("goes to the screen first, but not all of it", () => {
    const captures = { camera: HD, screen: TEXT };
    const { camera, screen } =
      allocate(situation({ captures }), [demand("ann", { bandwidth: 500_000 })]).get("ann") ?? {};
    expect(screen).toMatchObject({
      active: true,
      lines: 1080,
      maxFramerate: 5,
      maxBitrate: 400_000,
    });
    expect(camera).toMatchObject({ active: true, maxBitrate: 100_000 });
  });
});

describe("a CPU that does not suffice", () => {
  it("gets fewer frames, then fewer lines, of faces but not of text", () => {
    expect(camera(1, { relief: RELIEF.fewerFrames })).toMatchObject({
      maxFramerate: 15,
      lines: 720,
    });
    expect(camera(1, { relief: RELIEF.fewerLines })).toMatchObject({
      maxFramerate: 15,
      lines: 540,
    });
    const captures = { camera: null, screen: TEXT };
    const allocation = allocate(situation({ relief: RELIEF.fewerLines, captures }), many(1)).get(
      "p0",
    );
    expect(allocation?.camera).toBeNull();
    expect(allocation?.screen).toMatchObject({ lines: 1080, maxFramerate: 5 });
  });

  it("is shared by several screens, each at the rate that was chosen for it", () => {
    const slow = { ...TEXT, framesPerSecond: 15 };
    const film = { ...TEXT, isText: false, framesPerSecond: 30 };
    const captures = { camera: null, screen: slow, screen2: film };
    const allocation = allocate(situation({ others: 1, captures }), [
      {
        peerID: "ann",
        wishes: { screen: 1080, screen2: 1080 },
        bandwidth: 1_000_000,
        isTrying: false,
        sent: {},
      },
    ]).get("ann");
    const { screen, screen2 } = allocation ?? {};
    expect(screen).toMatchObject({ active: true, lines: 1080, maxFramerate: 15 });
    expect(screen2).toMatchObject({ active: true, maxFramerate: 30 });
    expect((screen?.maxBitrate ?? 0) + (screen2?.maxBitrate ?? 0)).toBeLessThanOrEqual(1_000_000);
  });
});

const height = fc.option(fc.integer({ min: 0, max: 4000 }), { nil: undefined });
const demands = fc
  .array(
    fc.record({
      camera: height,
      screen: height,
      bandwidth: fc.option(fc.integer({ min: 0, max: 5_000_000 })),
      sent: fc.constantFrom(...RUNGS.map(({ lines }) => lines), 0),
    }),
    { minLength: 1, maxLength: 12 },
  )
  .map((all) =>
    all.map(({ camera, screen, bandwidth, sent }, index) =>
      demand(`p${index}`, {
        wishes: {
          ...(camera !== undefined && { camera }),
          ...(screen !== undefined && { screen }),
        },
        bandwidth,
        sent: { camera: sent, screen: sent },
      }),
    ),
  );
const capture = fc.option(
  fc.record({
    width: fc.integer({ min: 1, max: 4000 }),
    height: fc.integer({ min: 1, max: 4000 }),
    isText: fc.boolean(),
  }),
);

it("keeps to each wish, each way and the whole budget, whatever comes", () => {
  fc.assert(
    fc.property(demands, fc.boolean(), capture, capture, (demands, speaking, camera, screen) => {
      const captures = { camera: camera && { ...camera, isText: false }, screen };
      const allocations = allocate(
        situation({ others: demands.length, speaking, captures }),
        demands,
      );
      let total = 0;
      for (const { peerID, wishes, bandwidth } of demands) {
        const allocation = allocations.get(peerID);
        let sum = 0;
        for (const source of ["camera", "screen"] as const) {
          const encoding = allocation?.[source];
          expect(Boolean(encoding)).toBe(captures[source] !== null);
          if (!encoding) continue;
          if (wishes[source] === 0) expect(encoding.active).toBe(false);
          expect(encoding.scaleResolutionDownBy).toBeGreaterThanOrEqual(1);
          expect(encoding.maxBitrate).toBeGreaterThan(0);
          if (encoding.active) sum += encoding.maxBitrate;
        }
        expect(sum).toBeLessThanOrEqual(bandwidth ?? Number.POSITIVE_INFINITY);
        total += sum;
      }
      const guess = cameraGuess(demands.length, { speaking }).bitrate;
      const screenGuess = Math.max(guess, textGuess(demands.length).bitrate);
      expect(total).toBeLessThanOrEqual(demands.length * (guess + screenGuess));
    }),
  );
});

it("shares so that nobody has less than the same, unless they want less", () => {
  expect(fairShares([100, 1_000, 1_000], 900)).toEqual([100, 400, 400]);
  expect(fairShares([100, 100], 900)).toEqual([100, 100]);
  fc.assert(
    fc.property(
      fc.array(fc.nat(1_000_000), { maxLength: 20 }),
      fc.nat(5_000_000),
      (wanted, total) => {
        const shares = fairShares(wanted, total);
        const sum = shares.reduce((a, b) => a + b, 0);
        expect(sum).toBeLessThanOrEqual(total + 1e-6);
        const most = Math.max(0, ...shares);
        shares.forEach((share, at) => {
          const isWhole = share === wanted[at];
          expect(isWhole || share >= most - 1e-6).toBe(true);
        });
      },
    ),
  );
});
