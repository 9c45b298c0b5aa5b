// As much as src/platform uses of what browsers have and the types of Node do not know. The types of all browsers together would let
// code elsewhere use what Node has not.

declare namespace WebAssembly {
  interface Module {
    readonly [Symbol.toStringTag]: string;
  }
  interface Memory {
    readonly buffer: ArrayBuffer;
  }
  interface Instance {
    readonly exports: object;
  }
  type Imports = Record<string, object>;
  var Module: { new (bytes: Uint8Array): Module };
  var RuntimeError: { new (message?: string): Error };
  var Memory: {
    new (pages: { readonly initial: number; readonly maximum: number; readonly shared?: boolean }): Memory;
  };
  function compile(bytes: ArrayBuffer | Uint8Array): Promise<Module>;
  function compileStreaming(response: Response): Promise<Module>;
}

declare const caches: {
  open(name: string): Promise<{
    match(address: string): Promise<Response | undefined>;
    put(address: string, response: Response): Promise<void>;
  }>;
};

/** Absent in old browsers. */
declare const crossOriginIsolated: boolean | undefined;

declare const navigator: { readonly hardwareConcurrency: number; readonly userAgent: string };

interface ImageBitmap {
  readonly width: number;
  readonly height: number;
  close(): void;
}

declare function createImageBitmap(
  image: Blob,
  options: {
    readonly imageOrientation: 'from-image';
    readonly colorSpaceConversion: 'none';
    readonly premultiplyAlpha: 'none';
  },
): Promise<ImageBitmap>;

interface CanvasPixels {
  readonly data: Uint8ClampedArray;
}

interface OffscreenCanvasRenderingContext2D {
  readonly canvas: OffscreenCanvas;
  drawImage(image: ImageBitmap, x: number, y: number): void;
  createImageData(width: number, height: number): CanvasPixels;
  getImageData(x: number, y: number, width: number, height: number): CanvasPixels;
  putImageData(pixels: CanvasPixels, x: number, y: number): void;
}

interface OffscreenCanvas {
  getContext(kind: '2d'): OffscreenCanvasRenderingContext2D | null;
  convertToBlob(options: { readonly type: string }): Promise<Blob>;
}

declare const OffscreenCanvas: { new (width: number, height: number): OffscreenCanvas };
