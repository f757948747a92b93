import express from "express";
import { serveExpress } from "./express.ts";

serveExpress(express);
