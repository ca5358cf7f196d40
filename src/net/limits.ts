/** A token answer or an error body, as go-containerregistry bounds it. */
export const MAX_ERROR_BYTES = 64 * 1024;
/** Requests for one thing, the first and the one after a 401 included. */
export const MAX_ATTEMPTS = 4;
/** What is remembered per server and scope. */
export const MAX_REMEMBERED = 4096;
