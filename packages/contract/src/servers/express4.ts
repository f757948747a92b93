import express from "express4";
import { serveExpress } from "./express.ts";

serveExpress(express);
