/** What a command that verifies has found wrong: it did its work, and its exit code is 1. The message is one line. */
export class Finding extends Error {}
