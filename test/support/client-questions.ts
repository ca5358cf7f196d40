import type { ClientLayout } from "./client-layout.ts";

/** A question that a real client was asked about a repository of its layout, and what it said. */
export type ClientQuestion = {
  readonly accepted: boolean;
  /** The client with what stands before it: settings, or a trust policy's name. */
  readonly client: string;
  readonly command: string;
  readonly repository: string;
  /** Options with their values; those without one have none. */
  readonly options: ReadonlyMap<string, readonly string[]>;
  /** The line as it was kept. */
  readonly text: string;
};

const LINE = /^(accepts|refuses): (.*) (verify(?:-attestation)?) (.*) \$REGISTRY\/(\S+):1(.*)$/;

/** What `confirmed.txt` has, in order; its first line tells how many questions there are. */
export function questionsOf(layout: ClientLayout): readonly ClientQuestion[] {
  const text = layout.text("confirmed.txt");
  const questions = text.split("\n").flatMap((line) => {
    const [, answer, client = "", command = "", options = "", repository = "", more = ""] = LINE.exec(line) ?? [];
    return answer === undefined
      ? []
      : [
          {
            accepted: answer === "accepts",
            client,
            command,
            repository,
            options: optionsIn(`${options}${more}`),
            text: line,
          },
        ];
  });
  if (questions.length !== Number.parseInt(text, 10)) throw new Error("confirmed.txt has questions of another form");
  return questions;
}

function optionsIn(text: string): ReadonlyMap<string, readonly string[]> {
  const options = new Map<string, readonly string[]>();
  let last = "";
  for (const word of text.split(" ")) {
    if (word.startsWith("-")) last = word;
    const values = options.get(last) ?? [];
    options.set(last, word === last ? values : [...values, word]);
  }
  return options;
}

type Predicates = Readonly<Record<string, { readonly type: string; readonly predicateType: string }>>;

/** Whether one of the outcomes is what cosign was asked for: an image signature, or an attestation of this type. */
export function isAccepted(
  { command, options }: ClientQuestion,
  outcomes: readonly string[],
  predicates: Predicates,
): boolean {
  if (command === "verify") return outcomes.includes("verified");
  const [asked = ""] = options.get("--type") ?? [];
  const named = Object.values(predicates).find(({ type }) => type === asked);
  return outcomes.includes(`attests ${named?.predicateType ?? asked}`);
}
