#include "server/api/handlers.h"
#include "server/app/app.h"
#include "server/http/problem.h"

namespace fovea::server {
namespace {

constexpr std::string_view kNoPage = R"(<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Fovea - Image Classification</title>
<h1>Image Classification</h1>
<p>The server is running, but the dashboard was not built. Build it, then build the server again:</p>
<pre>cd www
npm ci
npm run build
cd ..
cmake --build --preset release</pre>
<p>Classify an image without it:</p>
<pre>curl -F file=@image.jpg http://localhost:8080/api/v1/predict</pre>
<p>The whole API is described in <a href="/openapi.json">/openapi.json</a>.</p>
</html>
)";

Reply no_page() {
  Reply reply;
  reply.fields = {{"Content-Type", "text/html; charset=utf-8"}, {"Cache-Control", "no-store"}};
  reply.body = kNoPage;
  return reply;
}

}  // namespace

Reply show_page(const Request& request, App& app) {
  if (auto found = app.runtime->files.find(request)) return std::move(*found);
  if (request.path == "/") return no_page();
  throw HttpError(404, request.path + " does not exist");
}

Reply show_docs(const Request& request, App& app) {
  Request file = request;
  file.path = "/docs.html";
  if (auto found = app.runtime->files.find(file)) return std::move(*found);
  return no_page();
}

}  // namespace fovea::server
