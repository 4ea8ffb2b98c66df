#include "engine/core/cpu.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace fovea {
namespace {

Isa detect() {
#if defined(__x86_64__)
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return Isa::baseline;
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  return avx512 ? Isa::avx512 : Isa::avx2;
#else
  return Isa::baseline;
#endif
}

Isa limit() {
  const char* name = std::getenv("FOVEA_ISA");
  for (const Isa isa : {Isa::baseline, Isa::avx2}) {
    if (name != nullptr && std::strcmp(name, to_string(isa)) == 0) return isa;
  }
  return Isa::avx512;
}

}  // namespace

const char* to_string(Isa isa) {
  switch (isa) {
    case Isa::baseline:
      return "baseline";
    case Isa::avx2:
      return "avx2";
    case Isa::avx512:
      return "avx512";
  }
  return "";
}

Isa best_isa() {
  static const Isa isa = std::min(detect(), limit());
  return isa;
}

}  // namespace fovea
