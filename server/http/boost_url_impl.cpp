// Boost.URL, compiled here once for all sources.
#include <boost/url/src.hpp>
