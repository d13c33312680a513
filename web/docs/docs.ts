import SwaggerUI from "swagger-ui-dist/swagger-ui-es-bundle.js";
import { withBasePath } from "../src/base-path";
import "swagger-ui-dist/swagger-ui.css";

SwaggerUI({
  url: withBasePath("/openapi.json"),
  dom_id: "#docs",
  deepLinking: true,
  // The default badge asks validator.swagger.io.
  validatorUrl: null,
});
