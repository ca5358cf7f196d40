import { parseJob, parseJobs, type ServerJob } from "../src/cli/server-answer.ts";

/** Whoever uses the service: it knows its address and speaks HTTP with it, as a CI job would. */
export class Client {
  readonly #server: URL;
  readonly #signal: AbortSignal;

  constructor(server: URL, signal: AbortSignal) {
    this.#server = server;
    this.#signal = signal;
  }

  /** Queues a verification of each image; the jobs stand in the order of the images. */
  async submit(images: readonly string[]): Promise<readonly ServerJob[]> {
    const answer = await this.#send("/v1/verifications", { images });
    return parseJobs(await answer.json(), answer.url);
  }

  /** A job's states as they change, from server-sent events; the last one is terminal. */
  async *follow({ id }: ServerJob): AsyncIterable<ServerJob> {
    const answer = await this.#ask(`/v1/verifications/${id}/events`, { headers: { accept: "text/event-stream" } });
    for await (const line of linesOf(answer)) {
      if (line.startsWith("data: ")) yield parseJob(JSON.parse(line.slice("data: ".length)), answer.url);
    }
  }

  /** For how many of these images a verdict is in force, without any of them being verified anew. */
  async countAnswered(images: readonly string[]): Promise<number> {
    const answer = await this.#send("/v1/verdicts/query", { images });
    const { items } = (await answer.json()) as { readonly items: readonly { readonly kind: string }[] };
    return items.filter(({ kind }) => kind === "verdict").length;
  }

  #send(path: string, body: object): Promise<Response> {
    const headers = { "content-type": "application/json" };
    return this.#ask(path, { method: "POST", headers, body: JSON.stringify(body) });
  }

  async #ask(path: string, request: RequestInit): Promise<Response> {
    const answer = await fetch(new URL(path, this.#server), { ...request, signal: this.#signal });
    if (answer.ok) return answer;
    throw new Error(
      `the service answered ${answer.status} to ${request.method ?? "GET"} ${path}: ${await answer.text()}`,
    );
  }
}

async function* linesOf(answer: Response): AsyncIterable<string> {
  let rest = "";
  const text = answer.body?.pipeThrough(new TextDecoderStream()) ?? [];
  for await (const chunk of text) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}
