/** A Notary Project trust policy: a statement that overrides a check, and one that skips all. */
export const TRUST_POLICY = JSON.stringify({
  version: "1.0",
  trustPolicies: [
    {
      name: "web",
      registryScopes: ["registry.example.com/shop/web"],
      signatureVerification: { level: "strict", override: { expiry: "log" }, verifyTimestamp: "always" },
      trustStores: ["ca:acme"],
      trustedIdentities: ["x509.subject: C=US, ST=WA, O=acme"],
    },
    { name: "other", registryScopes: ["*"], signatureVerification: { level: "skip" } },
  ],
});
