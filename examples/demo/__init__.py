"""The demonstration: two applications under real servers, every kind of credential, real HTTP; `make demo` runs it."""
