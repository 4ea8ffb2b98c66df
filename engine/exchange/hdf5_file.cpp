#include "engine/exchange/hdf5_file.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <utility>

#include <hdf5.h>

#include "engine/core/error.h"
#include "engine/core/text.h"

namespace fovea {
namespace {

constexpr std::size_t kMaxText = std::size_t{16} << 20;
constexpr hsize_t kMaxTexts = 65536;
constexpr hsize_t kMaxFloats = hsize_t{1} << 31;
constexpr int kMaxDimensions = 8;
constexpr std::size_t kGrowth = std::size_t{1} << 20;
constexpr std::array<std::uint8_t, 8> kSignature{0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};

// The innermost error of the library, which names the cause. Clears its error stack.
std::string library_error() {
  std::string text;
  const auto take_first = [](unsigned, const H5E_error2_t* error, void* out) -> herr_t {
    auto& result = *static_cast<std::string*>(out);
    if (result.empty() && error->desc != nullptr) result = error->desc;
    return 0;
  };
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, take_first, &text);
  H5Eclear2(H5E_DEFAULT);
  return text.empty() ? "unknown error" : text;
}

[[noreturn]] void fail_hdf5(const std::string& problem) {
  throw FormatError("HDF5 file: " + problem);
}

// Throws for the negative values with which the library reports failure.
template <typename Result>
Result checked(Result result, const std::string& action) {
  if (result < 0) fail_hdf5(action + ": " + library_error());
  return result;
}

// Closes an identifier of the library.
class Handle {
 public:
  Handle(hid_t id, herr_t (*close)(hid_t), const std::string& action)
      : id_(checked(id, action)), close_(close) {}
  Handle(Handle&& other) noexcept
      : id_(std::exchange(other.id_, H5I_INVALID_HID)), close_(other.close_) {}
  Handle& operator=(Handle&&) = delete;
  ~Handle() {
    if (id_ >= 0) close_(id_);
  }
  operator hid_t() const { return id_; }  // NOLINT: used as the identifier that it owns

 private:
  hid_t id_;
  herr_t (*close_)(hid_t);
};

// The library prints its error stack unless this is set.
void silence_library() {
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}

hid_t memory_access(std::span<const std::uint8_t> image) {
  silence_library();
  const hid_t access = checked(H5Pcreate(H5P_FILE_ACCESS), "file in memory");
  H5Pset_fapl_core(access, kGrowth, false);
  if (!image.empty()) {
    // The library copies the bytes and does not write through this pointer.
    H5Pset_file_image(access, const_cast<std::uint8_t*>(image.data()), image.size());
  }
  return access;
}

// The library takes files in memory with equal names for the same file.
std::string unique_name() {
  static std::atomic<std::uint64_t> count = 0;
  return "memory-" + std::to_string(count++) + ".h5";
}

std::string attribute_path(const std::string& group, const std::string& attribute) {
  return "attribute \"" + attribute + "\" of group " + group;
}

}  // namespace

struct Hdf5Writer::File {
  Handle access{memory_access({}), H5Pclose, "file in memory"};
  Handle file{H5Fcreate(unique_name().c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access), H5Fclose,
              "create"};

  void write_attribute(const std::string& group, const std::string& name, hid_t type, hid_t space,
                       const void* data) const {
    const std::string where = attribute_path(group, name);
    const Handle owner(H5Oopen(file, group.c_str(), H5P_DEFAULT), H5Oclose, where);
    const Handle attribute(H5Acreate2(owner, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT),
                           H5Aclose, where);
    checked(H5Awrite(attribute, type, data), where);
  }
};

Hdf5Writer::Hdf5Writer() : file_(std::make_unique<File>()) {}
Hdf5Writer::~Hdf5Writer() = default;

void Hdf5Writer::create_group(const std::string& group) {
  const Handle parents(H5Pcreate(H5P_LINK_CREATE), H5Pclose, "group " + group);
  checked(H5Pset_create_intermediate_group(parents, 1), "group " + group);
  const Handle made(H5Gcreate2(file_->file, group.c_str(), parents, H5P_DEFAULT, H5P_DEFAULT),
                    H5Gclose, "group " + group);
}

void Hdf5Writer::write_text(const std::string& group, const std::string& attribute,
                            const std::string& text) {
  // Of variable length: the text is stored outside the header of the group, which holds 64 KiB.
  const Handle type(H5Tcopy(H5T_C_S1), H5Tclose, "text type");
  H5Tset_size(type, H5T_VARIABLE);
  H5Tset_cset(type, H5T_CSET_UTF8);
  const Handle scalar(H5Screate(H5S_SCALAR), H5Sclose, "scalar");
  const char* data = text.c_str();
  file_->write_attribute(group, attribute, type, scalar, &data);
}

void Hdf5Writer::write_texts(const std::string& group, const std::string& attribute,
                             const std::vector<std::string>& texts) {
  std::size_t width = 1;
  for (const std::string& text : texts) width = std::max(width, text.size());
  std::string block(width * texts.size(), '\0');
  for (std::size_t i = 0; i < texts.size(); ++i) {
    std::copy(texts[i].begin(), texts[i].end(), block.begin() + std::ptrdiff_t(i * width));
  }
  const Handle type(H5Tcopy(H5T_C_S1), H5Tclose, "text type");
  H5Tset_size(type, width);
  H5Tset_strpad(type, H5T_STR_NULLPAD);
  const hsize_t count = texts.size();
  const Handle space(H5Screate_simple(1, &count, nullptr), H5Sclose, "list of texts");
  file_->write_attribute(group, attribute, type, space, block.data());
}

void Hdf5Writer::write_floats(const std::string& path, const std::vector<std::int64_t>& shape,
                              std::span<const float> values) {
  const std::vector<hsize_t> sizes(shape.begin(), shape.end());
  const Handle space(H5Screate_simple(static_cast<int>(sizes.size()), sizes.data(), nullptr),
                     H5Sclose, path);
  // Without times, so that equal models give equal bytes.
  const Handle options(H5Pcreate(H5P_DATASET_CREATE), H5Pclose, path);
  checked(H5Pset_obj_track_times(options, false), path);
  const Handle dataset(H5Dcreate2(file_->file, path.c_str(), H5T_IEEE_F32LE, space, H5P_DEFAULT,
                                  options, H5P_DEFAULT),
                       H5Dclose, path);
  checked(H5Dwrite(dataset, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), path);
}

std::vector<std::uint8_t> Hdf5Writer::bytes() {
  checked(H5Fflush(file_->file, H5F_SCOPE_GLOBAL), "flush");
  const ssize_t size = checked(H5Fget_file_image(file_->file, nullptr, 0), "size");
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(size));
  checked(H5Fget_file_image(file_->file, bytes.data(), bytes.size()), "contents");
  return bytes;
}

struct Hdf5Reader::File {
  explicit File(std::span<const std::uint8_t> bytes)
      : size(bytes.size()),
        access(memory_access(bytes), H5Pclose, "file in memory"),
        file(H5Fopen(unique_name().c_str(), H5F_ACC_RDONLY, access), H5Fclose, "open") {}

  std::size_t size;
  Handle access, file;

  // Every part of the path must be a hard link: others can lead to files outside.
  bool exists(const std::string& path) const {
    for (std::size_t end = 0; end != std::string::npos;) {
      end = path.find('/', end + 1);
      const std::string part = path.substr(0, end);
      if (part == "/") continue;
      const htri_t found = H5Lexists(file, part.c_str(), H5P_DEFAULT);
      if (found <= 0) {
        H5Eclear2(H5E_DEFAULT);
        return false;
      }
      H5L_info_t info;
      checked(H5Lget_info(file, part.c_str(), &info, H5P_DEFAULT), part);
      if (info.type != H5L_TYPE_HARD) fail_hdf5(part + " is a link, which is not supported");
    }
    return true;
  }
  bool has_attribute(const std::string& group, const std::string& name) const {
    if (!exists(group)) fail_hdf5("group " + group + " is missing");
    return checked(H5Aexists_by_name(file, group.c_str(), name.c_str(), H5P_DEFAULT),
                   attribute_path(group, name)) > 0;
  }

  std::vector<std::string> read_texts(const std::string& group, const std::string& name) const {
    const std::string where = attribute_path(group, name);
    const Handle attribute(
        H5Aopen_by_name(file, group.c_str(), name.c_str(), H5P_DEFAULT, H5P_DEFAULT), H5Aclose,
        where);
    const Handle type(H5Aget_type(attribute), H5Tclose, where);
    const Handle space(H5Aget_space(attribute), H5Sclose, where);
    const hssize_t count = H5Sget_simple_extent_npoints(space);
    if (H5Tget_class(type) != H5T_STRING) fail_hdf5(where + " is not a text");
    if (count < 0 || static_cast<hsize_t>(count) > kMaxTexts) {
      fail_hdf5(where + " has " + std::to_string(count) + " texts; the limit is 65,536");
    }
    return H5Tis_variable_str(type) > 0
               ? read_variable(attribute, type, space, static_cast<std::size_t>(count), where)
               : read_fixed(attribute, type, static_cast<std::size_t>(count), where);
  }

  struct Dataset {
    Handle id;
    std::vector<std::int64_t> shape;
    hsize_t count;
  };
  Dataset open_floats(const std::string& path) const {
    if (!exists(path)) fail_hdf5("dataset " + path + " is missing");
    Dataset dataset{
        {H5Dopen2(file, path.c_str(), H5P_DEFAULT), H5Dclose, "dataset " + path}, {}, 1};
    const Handle type(H5Dget_type(dataset.id), H5Tclose, path);
    if (H5Tget_class(type) != H5T_FLOAT) fail_hdf5(path + " does not consist of floats");
    const Handle space(H5Dget_space(dataset.id), H5Sclose, path);
    const int rank = checked(H5Sget_simple_extent_ndims(space), path);
    if (rank > kMaxDimensions) fail_hdf5(path + " has " + std::to_string(rank) + " dimensions");
    std::array<hsize_t, kMaxDimensions> sizes{};
    checked(H5Sget_simple_extent_dims(space, sizes.data(), nullptr), path);
    for (int i = 0; i < rank; ++i) {
      const hsize_t size_of_axis = sizes[static_cast<std::size_t>(i)];
      if (size_of_axis > kMaxFloats || (dataset.count *= size_of_axis) > kMaxFloats) {
        fail_hdf5(path + " has more than 2^31 floats");
      }
      dataset.shape.push_back(static_cast<std::int64_t>(size_of_axis));
    }
    // All numbers must be in this file: a few bytes can otherwise claim gigabytes.
    const Handle options(H5Dget_create_plist(dataset.id), H5Pclose, path);
    const H5D_layout_t layout = H5Pget_layout(options);
    if ((layout != H5D_CONTIGUOUS && layout != H5D_COMPACT) ||
        H5Pget_external_count(options) != 0) {
      fail_hdf5(path + " is chunked, compressed or stored in another file; not supported");
    }
    const hsize_t expected = dataset.count * H5Tget_size(type);
    if (H5Dget_storage_size(dataset.id) < expected || expected > size) {
      fail_hdf5(path + " needs " + std::to_string(expected) +
                " bytes, which the file does not have");
    }
    return dataset;
  }

 private:
  static std::vector<std::string> read_variable(hid_t attribute, hid_t type, hid_t space,
                                                std::size_t count, const std::string& where) {
    std::vector<char*> data(count, nullptr);
    checked(H5Aread(attribute, type, data.data()), where);
    std::vector<std::string> texts;
    bool fits = true;
    for (const char* text : data) {
      const std::size_t length = text == nullptr ? 0 : std::strlen(text);
      fits = fits && length <= kMaxText;
      if (fits) texts.emplace_back(text == nullptr ? "" : text, length);
    }
    H5Dvlen_reclaim(type, space, H5P_DEFAULT, data.data());
    if (!fits) fail_hdf5(where + " is longer than 16 MiB");
    return texts;
  }
  static std::vector<std::string> read_fixed(hid_t attribute, hid_t type, std::size_t count,
                                             const std::string& where) {
    const std::size_t width = H5Tget_size(type);
    if (width == 0 || width > kMaxText || width * count > kMaxText) {
      fail_hdf5(where + " is longer than 16 MiB");
    }
    std::string block(width * count, '\0');
    checked(H5Aread(attribute, type, block.data()), where);
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < count; ++i) {
      std::string text = block.substr(i * width, width);
      text.resize(std::min(text.find('\0'), text.size()));
      texts.push_back(std::move(text));
    }
    return texts;
  }
};

bool Hdf5Reader::recognises(std::span<const std::uint8_t> bytes) {
  return bytes.size() >= kSignature.size() &&
         std::equal(kSignature.begin(), kSignature.end(), bytes.begin());
}

Hdf5Reader::Hdf5Reader(std::span<const std::uint8_t> bytes) {
  if (!recognises(bytes)) fail_hdf5("the signature is missing");
  file_ = std::make_unique<File>(bytes);
}
Hdf5Reader::~Hdf5Reader() = default;

std::optional<std::string> Hdf5Reader::text(const std::string& group,
                                            const std::string& attribute) const {
  if (!file_->has_attribute(group, attribute)) return std::nullopt;
  auto texts = file_->read_texts(group, attribute);
  if (texts.size() != 1) fail_hdf5(attribute_path(group, attribute) + " is a list");
  return std::move(texts.front());
}

std::vector<std::string> Hdf5Reader::texts(const std::string& group,
                                           const std::string& attribute) const {
  if (file_->has_attribute(group, attribute)) return file_->read_texts(group, attribute);
  std::vector<std::string> all;
  for (int part = 0; file_->has_attribute(group, attribute + std::to_string(part)); ++part) {
    for (std::string& text : file_->read_texts(group, attribute + std::to_string(part))) {
      all.push_back(std::move(text));
    }
    if (all.size() > kMaxTexts) fail_hdf5(attribute_path(group, attribute) + " is too long");
  }
  if (all.empty()) fail_hdf5(attribute_path(group, attribute) + " is missing");
  return all;
}

std::vector<std::int64_t> Hdf5Reader::shape(const std::string& path) const {
  return file_->open_floats(path).shape;
}

void Hdf5Reader::read_floats(const std::string& path, std::span<float> values) const {
  const auto dataset = file_->open_floats(path);
  if (dataset.count != values.size()) {
    fail_hdf5(path + " has " + std::to_string(dataset.count) + " floats, expected " +
              std::to_string(values.size()));
  }
  checked(H5Dread(dataset.id, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()),
          path);
}

}  // namespace fovea
