// The guide is read without any program; these make it handier.

import { offerCopies } from "./guide/copies.js";
import { watchFrames } from "./guide/frames.js";
import { openSearch } from "./guide/search.js";

watchFrames();
offerCopies();
openSearch();
