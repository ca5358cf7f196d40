import type { Command } from "./command.ts";
import { demo } from "./demo.ts";
import { inspect } from "./inspect.ts";
import { policyCheck } from "./policy-check.ts";
import { policyExplain } from "./policy-explain.ts";
import { policySchema } from "./policy-schema.ts";
import { policyTest } from "./policy-test.ts";
import { serve } from "./serve.ts";
import { token } from "./token.ts";
import { verify } from "./verify.ts";
import { worker } from "./worker.ts";

/** Every command there is, in the order help shows them; adding one is a file and a line here. */
export const COMMANDS: readonly Command[] = [
  verify,
  inspect,
  serve,
  worker,
  policyCheck,
  policyTest,
  policyExplain,
  policySchema,
  token,
  demo,
];
