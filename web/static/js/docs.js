// The API documentation, from the schema that this system serves itself.
const place = document.getElementById("docs");
window.SwaggerUIBundle({ url: place.dataset.schema, domNode: place, validatorUrl: null, deepLinking: true, docExpansion: "list", defaultModelsExpandDepth: 0 });
