import { randomUUID } from "node:crypto";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { Agent, request } from "undici";

import type { JobJson } from "../../src/api/job-json.ts";
import type { ProblemJson } from "../../src/api/problem.ts";
import type { VerdictJson } from "../../src/domain/verdict-json.ts";
import { AssayProcess } from "./assay-process.ts";

export type Reply<T> = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: T;
};

type Jobs = { readonly state: string; readonly jobs: readonly JobJson[] };
type Asked = { readonly wait?: number; readonly token?: string | undefined; readonly body?: unknown };

/** A running `assay serve`, asked over HTTP as any client would. */
export class Service implements AsyncDisposable {
  readonly process: AssayProcess;
  readonly url: string;
  readonly #token: string | undefined;
  readonly #agent = new Agent({ connections: 128 });

  private constructor(process: AssayProcess, url: string, token: string | undefined) {
    this.process = process;
    this.url = url;
    this.#token = token;
  }

  /** Resolves once it listens. Unless told otherwise, with a database of its own beside the policies. */
  static async start(
    env: Readonly<Record<string, string>>,
    options: { readonly args?: readonly string[]; readonly token?: string } = {},
  ): Promise<Service> {
    const process = new AssayProcess(["serve", ...(options.args ?? [])], { ASSAY_DATA: freshFolder(env), ...env });
    const said = await process.says(/^listening on (\S+)$/m);
    return new Service(process, said[1] ?? "", options.token);
  }

  async ask<T>(method: "GET" | "POST", path: string, asked: Asked = {}): Promise<Reply<T>> {
    const token = "token" in asked ? asked.token : this.#token;
    const answer = await request(`${this.url}${path}`, {
      method,
      dispatcher: this.#agent,
      headers: {
        ...(asked.wait === undefined ? {} : { prefer: `wait=${asked.wait}` }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(asked.body === undefined ? {} : { "content-type": "application/json" }),
      },
      body: asked.body === undefined ? null : JSON.stringify(asked.body),
    });
    return { status: answer.statusCode, headers: answer.headers, body: (await answer.body.json()) as T };
  }

  submit(images: readonly string[], more: { readonly priority?: string; readonly wait?: number } = {}) {
    const { priority, wait } = more;
    const body = { images, ...(priority === undefined ? {} : { priority }) };
    return this.ask<Jobs>("POST", "/v1/verifications", { body, ...(wait === undefined ? {} : { wait }) });
  }

  /** The ids of accepted jobs, in the order of the images. */
  async accepted(images: readonly string[], priority?: string): Promise<readonly string[]> {
    const { status, body } = await this.submit(images, priority === undefined ? {} : { priority });
    if (status !== 202) throw new Error(`submitting was answered with ${status}: ${JSON.stringify(body)}`);
    return body.jobs.map((job) => job.id);
  }

  job(id: string, wait?: number): Promise<Reply<JobJson>> {
    return this.ask<JobJson>("GET", `/v1/verifications/${id}`, wait === undefined ? {} : { wait });
  }

  /** The job once it is terminal, however long that takes. */
  async finished(id: string): Promise<JobJson> {
    for (;;) {
      const { status, body } = await this.job(id, 20);
      if (status !== 200) throw new Error(`job ${id} was answered with ${status}: ${JSON.stringify(body)}`);
      if (body.state === "done" || body.state === "failed") return body;
    }
  }

  verdict(image: string, wait?: number): Promise<Reply<VerdictJson & ProblemJson>> {
    const query = new URLSearchParams({ image }).toString();
    return this.ask("GET", `/v1/verdicts?${query}`, wait === undefined ? {} : { wait });
  }

  /** Verifies in line where nothing is in force. Throws for anything but a verdict. */
  async judged(image: string): Promise<VerdictJson> {
    const { status, body } = await this.verdict(image, 30);
    if (status !== 200) throw new Error(`${image} was answered with ${status}: ${JSON.stringify(body)}`);
    return body;
  }

  /** The states that a job's event stream tells, to its end. */
  async events(id: string): Promise<readonly JobJson[]> {
    const { statusCode, body } = await request(`${this.url}/v1/verifications/${id}/events`, {
      dispatcher: this.#agent,
      headers: this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` },
    });
    const text = await body.text();
    if (statusCode !== 200) throw new Error(`events of ${id} were answered with ${statusCode}: ${text}`);
    return [...text.matchAll(/^event: state\ndata: (.+)$/gm)].map((match) => JSON.parse(match[1] ?? "") as JobJson);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.destroy();
    await this.process.stop("SIGKILL");
  }
}

/** Beside the policies, where the test's own clean-up finds it. */
function freshFolder(env: Readonly<Record<string, string>>): string {
  return join(dirname(env["ASSAY_POLICY"] ?? tmpdir()), `data-${randomUUID()}`);
}
