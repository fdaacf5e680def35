// Hive Gateway as in production, with JIT, over what hive.compose.js makes.
import { defineConfig } from '@graphql-hive/gateway'

export const gatewayConfig = defineConfig({ jit: true, logging: 'error', graphiql: false, landingPage: false })
