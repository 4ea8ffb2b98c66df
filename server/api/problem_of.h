#pragma once

#include <exception>
#include <functional>
#include <string>

#include "server/http/problem.h"

namespace fovea::server {

// The response to a request whose handler threw: the one place where exceptions get a status.
//   HttpError         its status
//   UnknownVersion    404
//   VersionConflict   409
//   JobRefusal        its status; with 409 the body names the job that is running
//   DatasetBusy       503 with Retry-After
//   StoreUnavailable  503 with Retry-After
//   DiskFull          507
//   FormatError       500: a stored file is damaged (handlers turn bad input into HttpError)
//   others            500
// `log` gets the text of 5xx errors that the client does not see.
Reply problem_of(const Request& request, const std::exception_ptr& error,
                 const std::function<void(const std::string&)>& log);

}  // namespace fovea::server
