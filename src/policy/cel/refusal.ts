/**
 * Why a text is no usable expression. Thrown by the steps of compilation and caught by `compileExpression`, which alone is
 * seen from outside.
 */
export class ExpressionRefused extends Error {
  override readonly name = "ExpressionRefused";
  /** Where in the text, in UTF-16 units from 0. */
  readonly offset: number;

  constructor(offset: number, message: string) {
    super(message);
    this.offset = offset;
  }
}
