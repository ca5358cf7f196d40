import { Projector, wantedOf } from "../../crypto/json-projection.ts";
import { JsonWalk } from "../../crypto/json-walk.ts";
import { STATEMENT_MEMBERS } from "../../crypto/in-toto.ts";
import { InputError } from "../../domain/errors.ts";
import { readStruct } from "../../domain/json.ts";
import { MAX_HEADER_BYTES } from "./limits.ts";

/** What was read of a statement's text, which is checked as JSON to its end. */
export type StatementText =
  | {
      readonly kind: "read";
      /** JSON of `_type`, `subject` and `predicateType`. */
      readonly header: string;
      /** JSON of what else was asked for; `undefined` if that was more than may be kept. */
      readonly kept: string | undefined;
    }
  | { readonly kind: "malformed"; readonly detail: string };

const HEADER = ["_type", "subject", "predicateType"];

/** Reads a statement that arrives in pieces. */
export class StatementReader {
  readonly #projector: Projector;
  readonly #walk: JsonWalk;
  #refused: InputError | undefined;

  /** `paths` as `StatementNeed` has them. */
  constructor(paths: readonly string[], maxKept: number) {
    this.#projector = new Projector(HEADER, { header: MAX_HEADER_BYTES, kept: maxKept });
    const wanted = wantedOf([...HEADER, ...paths]);
    this.#walk = new JsonWalk(wanted, this.#projector, { code: "signature", name: "statement" });
  }

  push(piece: Uint8Array): void {
    this.#guard(() => this.#walk.push(piece));
  }

  finish(): StatementText {
    let text: StatementText | undefined;
    this.#guard(() => {
      const { header, kept, names } = this.#projector.finish(this.#walk.finish());
      // A member that Go would take for one of these must not stand beside it.
      readStruct(new Map(names.map((name) => [name, null])), STATEMENT_MEMBERS, {
        code: "signature",
        path: "statement",
      });
      text = { kind: "read", header, kept };
    });
    return text ?? { kind: "malformed", detail: this.#refused?.message ?? "the statement could not be read" };
  }

  /** After one refusal nothing more is read. */
  #guard(step: () => void): void {
    if (this.#refused !== undefined) return;
    try {
      step();
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      this.#refused = error;
    }
  }
}

/** The same for a statement at hand. */
export function readStatementText(bytes: Uint8Array, paths: readonly string[], maxKept: number): StatementText {
  const reader = new StatementReader(paths, maxKept);
  reader.push(bytes);
  return reader.finish();
}
