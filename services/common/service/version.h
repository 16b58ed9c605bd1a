#pragma once

#define ROOST_VERSION "0.1.0"
