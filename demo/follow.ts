import type { Outcome } from "../src/cli/exit-code.ts";
import type { ServerJob } from "../src/cli/server-answer.ts";
import type { Client } from "./client.ts";
import type { DemoImage } from "./family.ts";
import type { LiveProgress } from "./live-progress.ts";

/** An image of the demonstration with what the service said of it. */
export type Judgement = { readonly image: DemoImage; readonly outcome: Outcome };

/** Follows every job to its end at once. */
export async function followAll(
  jobs: readonly ServerJob[],
  images: readonly DemoImage[],
  client: Client,
  progress: LiveProgress,
): Promise<readonly Judgement[]> {
  return Promise.all(
    images.map(async (image, at) => {
      const submitted = jobs[at];
      if (submitted === undefined) throw new Error(`the service made no job for ${image.name}`);
      let job = submitted;
      for await (const state of client.follow(submitted)) {
        job = state;
        progress.tell(image.name, state.state);
      }
      return { image, outcome: outcomeOf(job) };
    }),
  );
}

function outcomeOf({ image, state, verdict, problem }: ServerJob): Outcome {
  if (verdict !== undefined) return { kind: "judged", verdict, json: verdict };
  const lost = { code: "malformed", message: `the job ended as ${state} without a verdict`, retryable: true };
  return { kind: "unresolved", image, problem: problem ?? lost };
}
