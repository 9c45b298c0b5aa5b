// As much as src/platform uses of what browsers have and the types of Node do not know. The types of all browsers together would let
// code elsewhere use what Node has not.

declare namespace WebAssembly {
  interface Module {
    readonly [Symbol.toStringTag]: string;
  }
  interface Memory {
    readonly buffer: ArrayBuffer;
  }
  var Module: { new (bytes: Uint8Array): Module };
  var Memory: { new (pages: { readonly initial: number; readonly maximum: number }): Memory };
  function compile(bytes: ArrayBuffer): Promise<Module>;
  function compileStreaming(response: Response): Promise<Module>;
}

declare const caches: {
  open(name: string): Promise<{
    match(address: string): Promise<Response | undefined>;
    put(address: string, response: Response): Promise<void>;
  }>;
};

declare const navigator: { readonly hardwareConcurrency: number; readonly userAgent: string };
