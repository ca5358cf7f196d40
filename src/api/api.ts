import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";

import express, { type ErrorRequestHandler, type Express } from "express";

import type { Access } from "./access.ts";
import { Front, NOWHERE, type Place } from "./front.ts";
import type { Rate } from "./rate-limit.ts";
import type { Method, Route } from "./route.ts";
import { allRoutes, type RouteParts } from "./routes.ts";

export type ApiParts = RouteParts & {
  readonly access: Access;
  /** Requests per subject, an image of a list counting as one; unless given, 5,000 a second, and none set on an open service. */
  readonly rate?: Rate;
};

/** The listener of one `http.createServer`, and the way to make it wind down. */
export type Api = RequestListener & {
  readonly routes: readonly Route[];
  /** Readiness goes, streams and voluntary waits end, and each further answer closes its connection. */
  readonly stop: () => void;
};

const DEFAULT_RATE: Rate = { perSecond: 5000, burst: 10_000 };

/** Hot paths are found by one look in a map; Express finds the others. Both hand over to the same front. */
export function createApi(parts: ApiParts): Api {
  const stopping = new AbortController();
  const rate = parts.rate ?? (parts.access.kind === "open" ? undefined : DEFAULT_RATE);
  const front = new Front({ access: parts.access, telemetry: parts.telemetry, stopping: stopping.signal, rate });
  const routes = allRoutes(parts);
  const places = placesOf(routes);
  const hot = new Map([...places].filter(([, place]) => isHot(place)));
  const app = createApp(
    front,
    [...places.values()].filter((place) => !isHot(place)),
  );
  const listener = (req: IncomingMessage, res: ServerResponse): void => {
    const place = hot.get(pathOf(req.url ?? ""));
    if (place !== undefined) void front.answer({ req, res }, place, {});
    else app(req, res);
  };
  return Object.assign(listener, { routes, stop: () => stopping.abort() });
}

function placesOf(routes: readonly Route[]): ReadonlyMap<string, Place> {
  const places = new Map<string, Map<Method, Route>>();
  for (const route of routes) {
    const place = places.get(route.path) ?? new Map<Method, Route>();
    places.set(route.path, place.set(route.method, route));
  }
  return new Map([...places].map(([path, routes]) => [path, { path, routes }]));
}

/** A path belongs to one router alone, whatever the method, so that there are no two ways to answer it. */
function isHot(place: Place): boolean {
  return [...place.routes.values()].every((route) => route.fast);
}

function pathOf(url: string): string {
  const mark = url.indexOf("?");
  return mark === -1 ? url : url.slice(0, mark);
}

function createApp(front: Front, places: readonly Place[]): Express {
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.set("query parser", false);
  // One spelling per address: what differs in case or by a final slash is another address.
  app.enable("case sensitive routing");
  app.enable("strict routing");
  for (const place of places) {
    app.all(place.path.replaceAll(/\{([a-z]+)\}/g, ":$1"), (req, res) => {
      void front.answer({ req, res }, place, req.params as Readonly<Record<string, string>>);
    });
  }
  app.use((req, res) => void front.answer({ req, res }, NOWHERE, {}));
  // Express itself fails only on addresses it cannot decode, which are no addresses of ours.
  const undecodable: ErrorRequestHandler = (_error, req, res, _next) => void front.answer({ req, res }, NOWHERE, {});
  app.use(undecodable);
  return app;
}
