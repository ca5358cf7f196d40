/** Whether a text is a Notary Project trust policy by its members; that it is a sound one is for its reader to say. */
export function isTrustPolicy(json: string): boolean {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === "object" && value !== null && "trustPolicies" in value && !("kind" in value);
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}
