import { NOT_COLLECTED } from "../domain/gap.ts";
