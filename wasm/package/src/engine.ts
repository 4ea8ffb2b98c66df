// The flat C ABI of wasm/bindings.cpp, and the one way to bring it up: the caller hands over the
// bytes of the .wasm, so nothing here asks whether it runs in a page, a Worker or node.

export interface Abi {
  HEAPU8: Uint8Array;
  wasmMemory?: WebAssembly.Memory; // of the build with threads
  _malloc(size: number): number;
  _free(pointer: number): void;
  _fv_engine(threads: number): number;
  _fv_load(bytes: number, size: number): number;
  _fv_info(handle: number): number;
  _fv_predict(
    handle: number,
    bytes: number,
    size: number,
    sizes: number,
    count: number,
    out: number,
    n: number,
    milliseconds: number,
  ): number;
  _fv_failure(handle: number, i: number): number;
  _fv_free(handle: number): void;
  _fv_last_error(): number;
  UTF8ToString(pointer: number): string;
}

// What fovea.js and fovea_threads.js export by default.
export type EngineFactory = (options: {
  wasmBinary: Uint8Array;
  threads?: number;
  mainScriptUrlOrBlob?: string;
  locateFile?: (name: string) => string;
}) => Promise<Abi>;

// What the engine itself is, as it was built and runs here.
export interface EngineInfo {
  simd_bits: number; // width of its vector instructions; 0: none
  threads: number; // that share the images of one call
  kernels: string; // which of the convolution kernels it chose
}

export interface Engine {
  abi: Abi;
  info: EngineInfo;
}

// For the build with threads, each of which is a Worker that loads its own script and the glue again.
export interface Threads {
  count: number; // the one that calls is among them
  glue: string; // address of fovea_threads.js
  worker: string; // address of fovea_threads.worker.js
}

export async function startEngine(factory: EngineFactory, wasm: Uint8Array, threads?: Threads): Promise<Engine> {
  const abi = await factory(
    threads === undefined
      ? { wasmBinary: wasm }
      : {
          wasmBinary: wasm,
          threads: threads.count,
          mainScriptUrlOrBlob: threads.glue,
          locateFile: (name) => (name.endsWith(".worker.js") ? threads.worker : name),
        },
  );
  const text = abi._fv_engine(threads?.count ?? 1);
  if (text === 0) throw failure(abi);
  return { abi, info: JSON.parse(abi.UTF8ToString(text)) as EngineInfo };
}

export const failure = (abi: Abi): Error => new Error(abi.UTF8ToString(abi._fv_last_error()));

// The engine's memory as it is now. Growth makes it another buffer, and when a thread other than the caller's
// grows it, HEAPU8 does not learn of it.
export const memory = (abi: Abi): ArrayBufferLike => abi.wasmMemory?.buffer ?? abi.HEAPU8.buffer;

// Runs body with so many bytes of the engine's memory, on an address that suits every type, and frees them.
export function withBlock<T>(abi: Abi, size: number, body: (pointer: number) => T): T {
  const pointer = abi._malloc(Math.max(size, 1));
  if (pointer === 0) throw new Error("out of memory");
  try {
    return body(pointer);
  } finally {
    abi._free(pointer);
  }
}
