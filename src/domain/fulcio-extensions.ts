/**
 * What a certificate of Fulcio tells of the signer besides its name: each extension's documented name and the last arc of
 * its object identifier below 1.3.6.1.4.1.57264.1 (sigstore/fulcio, docs/oid-info.md). Names are written as sigstore's
 * clients write them.
 */
export const FULCIO_EXTENSIONS = {
  issuer: 8,
  githubWorkflowTrigger: 2,
  githubWorkflowSHA: 3,
  githubWorkflowName: 4,
  githubWorkflowRepository: 5,
  githubWorkflowRef: 6,
  buildSignerURI: 9,
  buildSignerDigest: 10,
  runnerEnvironment: 11,
  sourceRepositoryURI: 12,
  sourceRepositoryDigest: 13,
  sourceRepositoryRef: 14,
  sourceRepositoryIdentifier: 15,
  sourceRepositoryOwnerURI: 16,
  sourceRepositoryOwnerIdentifier: 17,
  buildConfigURI: 18,
  buildConfigDigest: 19,
  buildTrigger: 20,
  runInvocationURI: 21,
  sourceRepositoryVisibilityAtSigning: 22,
  deploymentEnvironment: 23,
} as const satisfies Readonly<Record<string, number>>;

export type FulcioExtension = keyof typeof FULCIO_EXTENSIONS;

export function isFulcioExtension(name: string): name is FulcioExtension {
  return Object.hasOwn(FULCIO_EXTENSIONS, name);
}
