#include "engine/data/import_item.h"

#include <algorithm>
#include <new>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/sha256.h"
#include "engine/core/shape.h"
#include "engine/image/resize.h"

namespace fovea {
void decode_item(ImportItem& item, const ImportOptions& options) {
  std::string& problem = item.entry.problem;
  if (!problem.empty()) return;
  try {
    if (!item.bytes.empty() || item.image.rgb.empty()) {
      Sha256 sha;
      sha.update(item.bytes);
      item.entry.hash = sha.digest();
      with_image(
          item.bytes,
          [&](Image image) { item.image = limit_size(std::move(image), options.max_size); },
          options.limits);
    } else {
      item.image = limit_size(std::move(item.image), options.max_size);
    }
  } catch (const FormatError& error) {
    problem = error.what();
  } catch (const ShapeError& error) {
    problem = error.what();
  } catch (const std::bad_alloc&) {
    problem = "not enough memory to decode it";
  }
}

}  // namespace fovea
