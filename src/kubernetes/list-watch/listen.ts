/** What to do where a server can't listen. */

/** Why a server can't listen, and what to do. */
export function listenRemedy(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  switch (code) {
    case "EADDRINUSE":
      return "something else listens there; choose another port, or leave it out for a free one";
    case "EACCES":
      return "ports below 1024 need root; choose a higher one";
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
    case "EAI_AGAIN":
    case "EINVAL":
      return "that is no address of this machine; leave it out for 127.0.0.1";
    default:
      return message;
  }
}
