// The three workers of the page in one file, chosen by the name the page gives: they share most of their code.
import { initialize } from "monaco-editor/esm/vs/editor/editor.worker.js";
import "monaco-editor/esm/vs/language/json/json.worker.js"; // sets its own onmessage, which stays for "json"
import { GraphQLWorker } from "monaco-graphql/esm/GraphQLWorker.js";

if (self.name === "graphql") {
  self.onmessage = () => initialize((context, data) => new GraphQLWorker(context, data));
} else if (self.name !== "json") {
  self.onmessage = () => initialize(null);
}
