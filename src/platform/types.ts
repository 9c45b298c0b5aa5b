/** What lies under a path. */
export type FileKind = 'file' | 'folder' | 'pipe' | 'other';

/** What tells one state of a file from another. */
export interface FileState {
  /** Bytes. */
  readonly size: number;
  /** When it was written last, in milliseconds since 1970. */
  readonly modified: number;
  /** Of the file itself, whatever its name: another file under the same name has another one. */
  readonly identity: number;
}

/** A regular file of which any part can be read. */
export interface OpenedFile {
  /** As it was when it was opened. */
  readonly state: FileState;
  /** `bytes` from `at` on; fewer only where the file ends. errors: FileProblem; RangeError where so many fit into no buffer. */
  read(at: number, bytes: number): Promise<Uint8Array<ArrayBuffer>>;
  close(): Promise<void>;
}

/** A blob that the addon sees as a file. */
export interface ShownBlob {
  readonly path: string;
  /** The addon sees it no longer. */
  readonly release: () => void;
}

/** A folder for files that nobody needs for long. */
export interface TemporaryFolder {
  /** The path of a file in it. */
  path(name: string): string;
  /** Removes it with all that lies in it. errors: where a file in it is still open, on systems that do not remove those. */
  remove(): Promise<void>;
}

/** Texts that outlive the process, where the platform has a place for such. They are a help: what cannot be kept is not kept. */
export interface KeptTexts {
  /** What was kept under a name, in every place that has it, the preferred one first. */
  read(name: string): Promise<readonly string[]>;
  /** Keeps a text under a name, in the first place that takes it. Whoever reads meanwhile has the old one or the new one. */
  write(name: string, text: string): Promise<void>;
}

/** What measured times depend on. */
export interface Machine {
  /** The model of its processor. */
  readonly cpu: string;
  /** How many threads can compute at the same time. */
  readonly cores: number;
  /** Operating system and processor family. */
  readonly platform: string;
}

/** What runs the code. */
export interface Engine {
  /** Node, Bun, Deno or the browser. */
  readonly name: string;
  readonly version: string;
  /** The version of Node that it is, or is compatible with; undefined in browsers. */
  readonly node: string | undefined;
  /** Bytes of memory that it may take; undefined in browsers, which do not tell. */
  readonly memory: number | undefined;
}

/** A package that the user has installed beside this one. */
export interface InstalledPackage {
  /** What a worker's `load` takes. */
  readonly entry: string;
  /** As its package.json says; undefined where that cannot be read. */
  readonly version: string | undefined;
}

/** A file that another one names, in or below the same folder; or why it may not be read. */
export type Beside = { readonly path: string } | { readonly refused: 'outside' | 'irregular' };

/** The thread that was started: what the one that started it holds. */
export interface WorkerThread<Request> {
  post(request: Request): void;
  /** Resolves when the thread has ended, for whatever reason. */
  readonly ended: Promise<void>;
}

/** What a worker thread sees of the one that started it. */
export interface WorkerPort<Request, Answer> {
  /** Calls back for each request, in their order. */
  onRequest(act: (request: Request) => void): void;
  /** `moved`: buffers that leave this thread instead of being copied. */
  post(answer: Answer, moved?: readonly ArrayBuffer[]): void;
  /** No further request is taken: the thread ends when nothing is left to do. */
  close(): void;
  /** The package that an entry opens, or a promise of it. */
  load(entry: string): unknown;
  /** Before work that must not be torn down. False: the process ends, and nothing may begin any more. */
  begin(): boolean;
  /** After that work. */
  end(): void;
}

/**
 * The whole of a worker thread. It is turned into text and evaluated there, so that it needs no file of its own beside the compiled
 * code (bundlers, archives and test runners each move files in their own way). So it must not use anything from outside itself but
 * its parameters and what is global on every platform; types don't count.
 */
export type Serve<Start, Request, Answer> = (port: WorkerPort<Request, Answer>, start: Start) => void;

/** What a worker thread's owner hears of it: its answers, and the error that ends it. */
export interface WorkerEvents<Answer> {
  onAnswer(answer: Answer): void;
  /** An error that nothing in the thread has caught. It ends. */
  onError(error: unknown): void;
}

/** An image as rows of pixels of three bytes, red, green and blue. */
export interface DecodedImage {
  /** [height, width, 3] */
  readonly pixels: Uint8Array<ArrayBuffer>;
  readonly width: number;
  readonly height: number;
}

/** An image file whose header was read. */
export interface ImageFile {
  /** Pixels of a row, and rows, as the file has them. */
  readonly width: number;
  readonly height: number;
  /**
   * Turned upright as the file says (EXIF), grey as three channels that are alike, without alpha, colours as they are stored.
   * errors: FileProblem in words where it is damaged, or has more pixels than anybody means to open.
   */
  decode(): Promise<DecodedImage>;
}

/** What reads and writes image files. */
export interface ImageDecoder {
  /** errors: FileProblem in words where it is no image that can be read. */
  open(place: string | Blob): Promise<ImageFile>;
  /** The bytes of a PNG, with words on it. */
  encodePng(image: DecodedImage, captions?: readonly Caption[]): Promise<Uint8Array>;
}

/** A word on an image: the middle of its line, and the room that it has, in pixels. */
export interface Caption {
  readonly text: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
}

/** A file, and the folders that it lies in below the one that was asked for, outermost first. */
export interface ListedFile {
  readonly path: string;
  readonly folders: readonly string[];
}
