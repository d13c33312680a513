import type { FieldProblem, Problem as ProblemBody } from "./wire.gen";

/** A refusal of the server (RFC 9457), or the lack of an answer (`status` 0). The message is empty where it is ours. */
export class Problem extends Error {
  override readonly name = "Problem";

  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly errors: readonly FieldProblem[] = [],
  ) {
    super(message);
  }

  static unreachable(): Problem {
    return new Problem(0, "unreachable", "");
  }

  static from(status: number, body: unknown): Problem {
    const { code, message, errors } = (body ?? {}) as Partial<ProblemBody>;
    return new Problem(
      status,
      code ?? "unknown",
      message ?? "",
      Array.isArray(errors) ? errors : [],
    );
  }

  /** The same refusal, shown at a field. */
  at(field: string): Problem {
    const { status, code, message } = this;
    return new Problem(status, code, message, [{ field, code, message }]);
  }

  /** Turns anything thrown into a problem that can be shown. */
  static of(error: unknown): Problem {
    if (error instanceof Problem) return error;
    return new Problem(-1, "unexpected", "");
  }
}
