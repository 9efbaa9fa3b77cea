import { open } from "./core/frame.js";

await open({ audience: "staff", start() {} });
