// The flat C ABI of wasm/bindings.cpp, and the one way to bring it up: the caller hands over the
// bytes of fovea.wasm, so nothing here asks whether it runs in a page, a Worker or node.

export interface Engine {
  HEAPU8: Uint8Array;
  HEAPF32: Float32Array;
  HEAPF64: Float64Array;
  _malloc(size: number): number;
  _free(pointer: number): void;
  _fv_engine(): number;
  _fv_load(bytes: number, size: number): number;
  _fv_info(handle: number): number;
  _fv_predict(
    handle: number,
    bytes: number,
    size: number,
    out: number,
    n: number,
    milliseconds: number,
  ): number;
  _fv_free(handle: number): void;
  _fv_last_error(): number;
  UTF8ToString(pointer: number): string;
}

// What build/wasm/wasm/fovea.js exports by default.
export type EngineFactory = (options: { wasmBinary: Uint8Array }) => Promise<Engine>;

export async function startEngine(factory: EngineFactory, wasm: Uint8Array): Promise<Engine> {
  return factory({ wasmBinary: wasm });
}

// Runs body with a copy of the bytes in the engine's memory, and frees the copy.
export function withBytes<T>(engine: Engine, bytes: Uint8Array, body: (pointer: number) => T): T {
  const pointer = engine._malloc(Math.max(bytes.length, 1));
  if (pointer === 0) throw new Error("out of memory");
  try {
    engine.HEAPU8.set(bytes, pointer); // read HEAPU8 now: growth detaches older views
    return body(pointer);
  } finally {
    engine._free(pointer);
  }
}
