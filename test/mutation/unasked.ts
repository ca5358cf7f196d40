/** Why tests could not be asked about a mutant to the end, which speaks neither for nor against it. */
export class Unasked extends Error {
  override readonly name = "Unasked";
}
