import type { NextConfig } from "next";

const config: NextConfig = {
  // The inbox's thread is a file of its own, which a bundler would leave out.
  serverExternalPackages: ["@diffio-webhooks/inbox-sqlite"],
};

export default config;
