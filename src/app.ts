import type { Config } from "./config.ts";
import type { ImageReference } from "./domain/reference.ts";
import type { Assay } from "./pipeline/assay.ts";
import type { PolicySource } from "./ports/policy-source.ts";

/** An image on disk, and the name under which it is to be judged. */
export type LocalImage = {
  readonly kind: "oci-layout" | "oci-archive";
  /** Absolute path of the folder or the tar file. */
  readonly path: string;
  /** Which of the layout's manifests (`org.opencontainers.image.ref.name`); `undefined` where it holds one. */
  readonly tag: string | undefined;
  readonly as: ImageReference;
};

/** A file's name as messages tell it, and what is in it. */
export type NamedText = { readonly name: string; readonly text: string };

export type AppOptions = {
  /** `inspect` needs no policies: where the configured path does not exist, none are in force. */
  readonly purpose: "verify" | "inspect" | "serve" | "worker";
  /** In place of the configured policy files; empty means those. They exist nowhere else, and paths in them are absolute. */
  readonly inlinePolicies: readonly NamedText[];
  /** References answered from disk in place of a registry. */
  readonly localImages: readonly LocalImage[];
  /** Judge this platform alone, such as `linux/arm64`, whatever `platforms.only` says; an image without it is denied. */
  readonly platform: string | undefined;
};

export type RunningApi = { readonly address: string; close(): Promise<void> };

/** Everything composed for one process. */
export type App = {
  readonly assay: Assay;
  readonly policies: PolicySource;
  startApi(): Promise<RunningApi>;
  startWorkers(): Promise<void>;
  /** Takes no new calls and no new jobs, lets running work finish for `graceMs`, then hands it back. */
  close(graceMs?: number): Promise<void>;
};

/** Throws `InputError` for configuration and policies that cannot be used, `PortError` for a world that does not answer. */
export type AppFactory = (config: Config, options: AppOptions) => Promise<App>;
