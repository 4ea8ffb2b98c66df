#pragma once

#include <utility>

#include <nlohmann/json.hpp>

namespace fovea::server {

// The JSON type of the server: members keep the order in which they were added.
using Json = nlohmann::ordered_json;

// The members of an object, to which emplace_back() adds one.
using JsonMembers = Json::object_t::Container;

// An object with these members. Linear, whereas Json::operator[] compares a new name with all
// others, so that an object of 20,000 classes would take seconds. REQUIRES: the names differ.
inline Json object_of(JsonMembers members) {
  Json::object_t object;
  static_cast<JsonMembers&>(object) = std::move(members);
  return object;
}

}  // namespace fovea::server
