"use strict";
// Everything comes from this server; the address of the document is the only setting.
window.ui = SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#ui",
  deepLinking: true,
  validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis],
  tryItOutEnabled: true,
});
