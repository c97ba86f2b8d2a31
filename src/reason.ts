/** Errors of node:fs in words. Loads nothing, so that a command that only reads a file starts at once. */

const REASONS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "permission denied",
  EROFS: "the file system is read-only",
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  EFBIG: "the file is larger than may be written",
  ENOTDIR: "part of its path is a file",
  EEXIST: "a file of that name exists",
  EISDIR: "it is a folder",
  ENOENT: "it does not exist",
};

/** The reason in an error of node:fs, or its message. */
export function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return REASONS[code ?? ""] ?? message;
}
