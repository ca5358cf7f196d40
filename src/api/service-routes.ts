import type { Metrics } from "../telemetry/metrics.ts";
import { openApi } from "./openapi.ts";
import { bytesReply, JSON_TYPE } from "./reply.ts";
import { publicRoute, route, type Route } from "./route.ts";

/** Prometheus scrapes with a token like everybody else: counts tell how busy a registry is and what is refused. */
export function metricsRoute(parts: { readonly metrics: Metrics }): Route {
  return route({
    method: "GET",
    path: "/metrics",
    access: "reader",
    summary: "Counters in Prometheus text format",
    answers: [{ status: 200, description: "The counters", type: "text/plain", schema: undefined }],
    problems: [],
    handle: async () => {
      const { type, text } = await parts.metrics.render();
      return bytesReply(200, Buffer.from(text), { "content-type": type });
    },
  });
}

/** Describes all routes, itself included. */
export function withOpenApi(routes: readonly Route[]): readonly Route[] {
  let document: Buffer | undefined;
  const own = publicRoute({
    path: "/openapi.json",
    fast: false,
    summary: "This description",
    answers: [{ status: 200, description: "OpenAPI 3.1", type: "application/json", schema: undefined }],
    problems: [],
    handle: () => {
      document ??= Buffer.from(JSON.stringify(openApi(all)));
      return Promise.resolve(bytesReply(200, document, { "content-type": JSON_TYPE }));
    },
  });
  const all = [...routes, own];
  return all;
}
