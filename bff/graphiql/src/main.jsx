// The gateway's GraphiQL page: three example tabs, the page's own path as the API, nothing from another host.
// What a newcomer would get wrong: editors start empty under a strict CSP unless Monaco gets its workers from us.
import { GraphiQL } from "graphiql";
import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { createRoot } from "react-dom/client";

import "@graphiql/react/style.css";
import "@graphiql/plugin-doc-explorer/style.css";
import "@graphiql/plugin-history/style.css";
import "graphiql/graphiql.css";
import "./page.css";

import { examples } from "virtual:examples";
import { worker } from "virtual:worker";

globalThis.MonacoEnvironment = {
  getWorker: (_id, label) => new Worker(new URL(worker, import.meta.url), { name: label }),
};

const here = new URL(location.pathname, location.origin);
const socket = new URL(here);
socket.protocol = here.protocol.replace("http", "ws");

const pretty = (value) => (value ? JSON.stringify(value, null, 2) : null);
const tabs = examples.map(({ query, variables, headers }) => ({
  query,
  variables: pretty(variables),
  headers: pretty(headers),
}));

// Tabs, with their headers, live as long as the browser tab: a bearer token typed here is not left on disk.
createRoot(document.getElementById("graphiql")).render(
  <GraphiQL
    fetcher={createGraphiQLFetcher({ url: here.href, subscriptionUrl: socket.href })}
    defaultTabs={tabs}
    defaultHeaders={tabs[0].headers}
    defaultEditorToolsVisibility={true}
    schemaDescription={true}
    inputValueDeprecation={true}
    shouldPersistHeaders={true}
    storage={sessionStorage}
  >
    <GraphiQL.Logo>Telecom shop</GraphiQL.Logo>
  </GraphiQL>,
);
