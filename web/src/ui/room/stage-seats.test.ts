import { describe, expect, it } from "vitest";
import { NO_SEATS, type Seats, seatsAfter } from "./stage-seats";

const ids = (count: number) => Array.from({ length: count }, (_, at) => `p${at}`);

function people(all: readonly string[], showing: readonly string[] = []) {
  return all.map((id) => ({ id, shows: showing.includes(id) }));
}

function seated(count: number): Seats {
  return seatsAfter(NO_SEATS, people(ids(count)), { seats: 4, speaker: null });
}

describe("the seats of a stage", () => {
  it("are in the order of arrival on one page, whoever speaks", () => {
    const seats = seatsAfter(NO_SEATS, people(ids(3)), { seats: null, speaker: "p2" });
    expect(seats.order).toEqual(["p0", "p1", "p2"]);
    expect(seatsAfter(seats, people(ids(3)), { seats: null, speaker: "p2" })).toBe(seats);
  });

  it("has a speaker of another page change places with one who was silent for longest", () => {
    const front = { seats: 4, speaker: "p3" };
    const first = seatsAfter(seated(10), people(ids(10)), front);
    expect(first.order).toEqual(ids(10));
    const second = seatsAfter(first, people(ids(10)), { seats: 4, speaker: "p7" });
    expect(second.order).toEqual(["p0", "p1", "p7", "p3", "p4", "p5", "p6", "p2", "p8", "p9"]);
    const third = seatsAfter(second, people(ids(10)), { seats: 4, speaker: "p9" });
    expect(third.order).toEqual(["p0", "p9", "p7", "p3", "p4", "p5", "p6", "p2", "p8", "p1"]);
  });

  it("has those who show themselves in front, and moves nobody else", () => {
    const seats = seatsAfter(seated(8), people(ids(8), ["p1", "p5"]), { seats: 4, speaker: null });
    expect(seats.order).toEqual(["p0", "p1", "p2", "p5", "p4", "p3", "p6", "p7"]);
    const all = ids(8);
    const many = seatsAfter(seats, people(all, all.slice(1)), { seats: 4, speaker: "p0" });
    expect(many.order.slice(0, 4)).toContain("p0");
    expect(seatsAfter(many, people(all, all.slice(1)), { seats: 4, speaker: "p0" })).toBe(many);
  });

  it("gives a seat that gets free on the first page to one, and leaves the others", () => {
    const left = ids(8).filter((id) => id !== "p1");
    const next = seatsAfter(seated(8), people(left), { seats: 4, speaker: null });
    expect(next.order).toEqual(["p0", "p4", "p2", "p3", "p5", "p6", "p7"]);
    const showing = seatsAfter(seated(8), people(left, ["p6"]), { seats: 4, speaker: null });
    expect(showing.order).toEqual(["p0", "p6", "p2", "p3", "p4", "p5", "p7"]);
  });

  it("has everybody once, whoever comes, goes, speaks and shows themselves", () => {
    let seats = NO_SEATS;
    let draw = 7;
    const next = (below: number) => {
      draw = (draw * 16_807) % 2_147_483_647;
      return draw % below;
    };
    for (let step = 0; step < 500; step++) {
      const here = ids(40).filter(() => next(5) > 0);
      const showing = here.filter(() => next(4) === 0);
      const speaker = next(3) > 0 ? `p${next(40)}` : null;
      const front = { seats: next(6) === 0 ? null : 1 + next(25), speaker };
      seats = seatsAfter(seats, people(here, showing), front);
      expect([...seats.order].sort()).toEqual([...here].sort());
      expect(seatsAfter(seats, people(here, showing), front)).toBe(seats);
      if (front.seats !== null && speaker !== null && here.includes(speaker)) {
        expect(seats.order.slice(0, front.seats)).toContain(speaker);
      }
    }
  });
});
