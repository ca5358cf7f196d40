import type { Assay } from "../pipeline/assay.ts";
import type { Clock } from "../ports/clock.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import { healthRoute, readinessRoute, type HealthParts } from "./health.ts";
import { imageRoute } from "./images.ts";
import type { Route } from "./route.ts";
import { metricsRoute, withOpenApi } from "./service-routes.ts";
import type { Submissions } from "./submission-store.ts";
import { submissionRoute } from "./submission.ts";
import { verdictQueryRoute } from "./verdict-query.ts";
import { verdictRoute } from "./verdicts.ts";
import { verificationEventsRoute } from "./verification-events.ts";
import { verificationRoute } from "./verification.ts";

/** What the routes need of the rest. */
export type RouteParts = HealthParts & {
  readonly assay: Assay;
  readonly submissions: Submissions;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  /** How old a tag's resolution may be when a verdict is looked up. */
  readonly tagMaxAgeMs: number;
  /** Between signs of life on an event stream; 15 s unless given. */
  readonly heartbeatMs?: number;
};

/** Every call there is. A new one is a file and a line here. */
export function allRoutes(parts: RouteParts): readonly Route[] {
  return withOpenApi([
    submissionRoute(parts),
    verificationRoute(parts),
    verificationEventsRoute(parts),
    verdictRoute(parts),
    verdictQueryRoute(parts),
    imageRoute(parts),
    healthRoute(),
    readinessRoute(parts),
    metricsRoute({ metrics: parts.telemetry.metrics }),
  ]);
}
