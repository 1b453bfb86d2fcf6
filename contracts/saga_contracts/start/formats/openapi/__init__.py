"""OpenAPI 2.0 to 3.2: `document` is what stands in the file, `bodies` what is sent and answered, `calls` the steps made of it."""
