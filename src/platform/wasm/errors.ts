/** What the system interface of WebAssembly calls the errors of a system, by number. Source: WASI preview 1, `errno`. */
const NUMBERS: Readonly<Record<string, number>> = {
  ...{ EACCES: 2, EAGAIN: 6, EBADF: 8, EBUSY: 10, EDQUOT: 19, EEXIST: 20, EFBIG: 22, EINTR: 27, EINVAL: 28 },
  ...{ EIO: 29, EISDIR: 31, ELOOP: 32, EMFILE: 33, EMLINK: 34, ENAMETOOLONG: 37, ENFILE: 41, ENODEV: 43 },
  ...{ ENOENT: 44, ENOMEM: 48, ENOSPC: 51, ENOSYS: 52, ENOTDIR: 54, ENOTEMPTY: 55, ENOTSUP: 58, ENXIO: 60 },
  ...{ EPERM: 63, EPIPE: 64, EROFS: 69, ESPIPE: 70, ESTALE: 72, ETXTBSY: 74, EXDEV: 75 },
};

/** What the addon's WebAssembly calls of its system, by name. Answers are numbers of errors, or 0. */
export type Calls = Readonly<Record<string, (...given: never[]) => number>>;
type Call = Calls[string];

/** Calls of the system interface that answer errors of files with their number. What is thrown through WebAssembly leaves it broken. */
export const answeringErrors = (calls: Calls): Calls =>
  Object.fromEntries(Object.entries(calls).map(([name, call]) => [name, answering(call)]));

const answering =
  (call: Call): Call =>
  (...given) => {
    try {
      return call(...given);
    } catch (error) {
      const number = NUMBERS[`${(error as { readonly code?: unknown } | undefined)?.code}`];
      if (number === undefined) throw error;
      return number;
    }
  };
