#pragma once

#include <locale.h>

namespace fovea {

// While it lives, this thread is in a locale of UTF-8. libarchive reads and writes names that are
// not ASCII by the locale alone; in archives they are UTF-8, whatever the locale is.
class Utf8Locale {
 public:
  Utf8Locale() : locale_(newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {
    if (locale_) before_ = uselocale(locale_);
  }
  ~Utf8Locale() {
    if (!locale_) return;
    uselocale(before_);
    freelocale(locale_);
  }
  Utf8Locale(const Utf8Locale&) = delete;
  Utf8Locale& operator=(const Utf8Locale&) = delete;

 private:
  locale_t locale_;
  locale_t before_{};
};

}  // namespace fovea
