// Runs every server audit of graphql-http against the URL given; prints [{id, name, status, reason}] as JSON.
import { serverAudits } from "graphql-http";

const [url] = process.argv.slice(2);
const results = [];
for (const { id, name, fn } of serverAudits({ url })) {
  const { status, reason = null } = await fn().catch((error) => ({ status: "error", reason: String(error) }));
  results.push({ id, name, status, reason });
}
console.log(JSON.stringify(results));
