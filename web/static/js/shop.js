import { open } from "./core/frame.js";

await open({ audience: "all", start() {} });
