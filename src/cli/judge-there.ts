import type { Config } from "../config.ts";
import { PortError } from "../domain/errors.ts";
import type { Context } from "./command.ts";
import { unresolved, type Outcome } from "./exit-code.ts";
import type { ImageArgument } from "./image-argument.ts";
import type { Progress } from "./progress.ts";
import { connectionTo } from "./server-connection.ts";
import { verifyOnServer } from "./server-verify.ts";

/** A server that cannot be reached leaves every image undetermined, and each report says so in its own form. */
export async function judgeThere(
  images: readonly ImageArgument[],
  config: Config,
  work: Context & { readonly progress: Progress },
): Promise<readonly Outcome[]> {
  const connection = await connectionTo(work, config);
  try {
    work.progress.say(`asking ${connection.url.origin}`);
    return await verifyOnServer(images, connection);
  } catch (error) {
    if (!(error instanceof PortError)) throw error;
    const { code, message, retryable } = error;
    return images.map(({ typed }) => unresolved({ image: typed, code, message, retryable }));
  } finally {
    await connection.close();
  }
}
