// Routes two signal layers on a 0.1 mm grid by negotiated congestion (PathFinder): every net first takes its cheapest
// way, even through another net's; places that several want get dearer, pass after pass, until nobody shares one.
//
// usage: router problem.txt routes.txt      (problem.py writes the one, routes.py reads the other)
//
// Pads are exact polygons, so what this calls free keeps its clearance; KiCad's rule check is still the judge. Nets
// with a plane (GND, +3V3, +5V) are not joined by tracks: each of their pads goes to a via inside its plane's area.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <map>
#include <queue>
#include <sstream>
#include <string>
#include <vector>

using std::array;
using std::string;
using std::vector;

const double GRID = 0.1;        // mm
const int PASSES = 80;
const float VIA_COST = 22;      // in steps of the grid
const float AGAINST = 1.12f;    // a step against the layer's way (front: across the board, back: down the board)
const float NECK = 2.0f;        // a step of a wide net where only a thin track fits
const float BEND = 1.5f;        // an eighth of a turn
const int DX[8] = {1, 1, 0, -1, -1, -1, 0, 1}, DY[8] = {0, 1, 1, 1, 0, -1, -1, -1};

struct Point { double x, y; };
struct Rules { double clearance = 0, edge = 0, via = 0, hole = 0; } rules;

// What is on the board before: pads, holes, keep-outs, copper made by hand. `group`: a net's pieces that are joined.
struct Shape {
  string kind, name;
  int net = 0, group = 0, layers = 0;   // layers: 1 front, 2 back
  bool in_plane = false;                // its group reaches the net's plane: a `+` behind the kind
  double grow = 0;                      // half the width of a track made by hand, whose ends are its two points
  vector<Point> points;
};
struct Net {
  string name;
  int width = 0;                        // index into `half`
  bool plane = false;
  vector<vector<int>> terminals;        // per group: states (layer * cells + cell)
  vector<bool> in_plane;                // per group: reaches its plane already
};
struct Segment { int layer, from, to, width; };
struct Route {
  vector<array<int, 3>> cells;          // layer, cell, width
  vector<Segment> segments;
  vector<int> vias;
  vector<std::pair<int, int>> stamps;   // what is taken: (kind of map, cell)
};

int W, H, N;                            // columns, rows, cells
double board_w, board_h;
vector<double> half;                    // half track widths, thin first
vector<Net> nets(1);
vector<Shape> shapes;
vector<Route> routes;
vector<std::pair<int, vector<Point>>> planes;   // later ones lie over earlier ones

// Maps. `owner`: 0 free, -1 nobody's, n only that net's. `taken`: how many nets' clearances cover the cell.
// Index: width * 2 + layer; the last one is for vias.
vector<vector<int>> owner;
vector<vector<uint16_t>> taken;
vector<float> history[2];
vector<int> plane_of;                   // the net whose inner plane a via here reaches, besides GND; -1: none
int gnd = 0;
const int NO_PLANE = -2;                // not even GND

int vias_map() { return 2 * (int)half.size(); }
double length(double x, double y) { return std::sqrt(x * x + y * y); }

double distance(const Shape& s, double x, double y) {   // 0 inside
  bool in = false;
  double best = 1e9;
  for (size_t i = 0, j = s.points.size() - 1; i < s.points.size(); j = i++) {
    Point a = s.points[j], b = s.points[i];
    if ((b.y > y) != (a.y > y) && x < (a.x - b.x) * (y - b.y) / (a.y - b.y) + b.x) in = !in;
    double dx = b.x - a.x, dy = b.y - a.y, l = dx * dx + dy * dy;
    double t = l > 0 ? std::max(0., std::min(1., ((x - a.x) * dx + (y - a.y) * dy) / l)) : 0;
    best = std::min(best, length(x - a.x - t * dx, y - a.y - t * dy));
  }
  return in ? 0 : std::max(0., best - s.grow);
}

// ---------------------------------------------------------------- what is fixed

void claim(int& cell, int net) {
  if (cell == 0) cell = net ? net : -1;
  else if (cell != net || net == 0) cell = -1;
}

template <class F> void around(const Shape& s, double reach, F f) {   // cells within reach of the shape's box
  double x0 = 1e9, y0 = 1e9, x1 = -1e9, y1 = -1e9;
  for (Point p : s.points) {
    x0 = std::min(x0, p.x), x1 = std::max(x1, p.x);
    y0 = std::min(y0, p.y), y1 = std::max(y1, p.y);
  }
  reach += s.grow;
  auto below = [&](double at) { return std::max(0, (int)std::floor((at - reach) / GRID)); };
  auto above = [&](double at, int end) { return std::min(end - 1, (int)std::ceil((at + reach) / GRID)); };
  for (int y = below(y0); y <= above(y1, H); y++)
    for (int x = below(x0); x <= above(x1, W); x++) f(y * W + x, distance(s, x * GRID, y * GRID));
}

void keep_edges() {
  for (int c = 0; c < N; c++) {
    double x = c % W * GRID, y = c / W * GRID, e = std::min({x, y, board_w - x, board_h - y});
    for (size_t k = 0; k < half.size(); k++)
      if (e < rules.edge + half[k]) owner[2 * k][c] = owner[2 * k + 1][c] = -1;
    if (e < rules.edge + rules.via) owner[vias_map()][c] = -1;
  }
}

void keep_shapes() {
  const double EPS = 1e-6;
  for (auto& s : shapes) {
    double gap = s.kind == "keep" ? 0.02 : s.kind == "hole" ? rules.hole : rules.clearance;
    around(s, gap + std::max(rules.via, half.back()) + 0.1, [&](int c, double d) {
      for (size_t k = 0; k < half.size(); k++)
        for (int l = 0; l < 2; l++)
          if ((s.layers >> l & 1) && d < half[k] + gap - EPS) claim(owner[2 * k + l][c], s.net);
      int& via = owner[vias_map()][c];
      if (d < rules.via + gap - EPS) claim(via, s.net);
      bool in_pad = s.kind == "pad" && d < rules.via + 0.04;          // solder would run into it
      bool at_hole = s.kind == "through" && d < rules.via + 0.05;     // two holes in one place
      bool at_via = s.kind == "via" && d < 0.3;         // two holes in one place
      if (in_pad || at_hole || at_via) via = -1;
    });
  }
}

void find_terminals() {
  for (auto& s : shapes) {
    if (!s.net || s.kind == "keep" || s.kind == "hole") continue;
    Net& net = nets[s.net];
    if ((int)net.terminals.size() <= s.group) {
      net.terminals.resize(s.group + 1);
      net.in_plane.resize(s.group + 1, false);
    }
    if (s.in_plane) net.in_plane[s.group] = true;
    double x = 0, y = 0;
    for (Point p : s.points) x += p.x / s.points.size(), y += p.y / s.points.size();
    vector<std::pair<double, int>> found;
    around(s, 0, [&](int c, double d) {
      if (d <= 0) found.push_back({length(c % W * GRID - x, c / W * GRID - y), c});
    });
    std::sort(found.begin(), found.end());
    bool spread = s.kind == "copper" || s.kind == "track";            // joined anywhere; a pad in its middle
    size_t many = spread ? found.size() : std::min<size_t>(1, found.size());
    for (size_t i = 0; i < many; i++)
      for (int l = 0; l < 2; l++)
        if (s.layers >> l & 1) net.terminals[s.group].push_back(l * N + found[i].second);
    if (found.empty()) std::cerr << "no grid point lies on " << s.name << "\n";
  }
}

void spread_planes() {                  // plane_of: the last plane of the list at a cell, with a margin at its rim
  plane_of.assign(N, 0);
  const double MARGIN = 0.5;
  for (auto& [net, points] : planes) {
    Shape s;
    s.points = points;
    for (int c = 0; c < N; c++) {
      double x = c % W * GRID, y = c / W * GRID, d = distance(s, x, y);
      if (d > MARGIN) continue;
      double rim = 1e9;
      for (size_t i = 0, j = points.size() - 1; i < points.size(); j = i++) {
        Shape one;
        one.points = {points[j], points[i]};
        rim = std::min(rim, distance(one, x, y));
      }
      plane_of[c] = net == 0 ? NO_PLANE : d > 0 || rim < MARGIN ? -1 : net;
    }
  }
}

// ---------------------------------------------------------------- what a route takes

struct Disk { vector<std::pair<int, int>> at; };

const Disk& disk(double radius) {       // made once for each radius
  static std::map<long, Disk> made;
  Disk& d = made[std::lround(radius * 1e6)];
  if (!d.at.empty()) return d;
  int k = std::ceil(radius / GRID);
  for (int y = -k; y <= k; y++)
    for (int x = -k; x <= k; x++)
      if (length(x, y) * GRID < radius - 1e-6) d.at.push_back({x, y});
  return d;
}

void collect_stamps(Route& r) {
  static vector<vector<uint8_t>> seen(taken.size(), vector<uint8_t>(N, 0));
  r.stamps.clear();
  auto mark = [&](int map, int cell, double radius) {
    for (auto [dx, dy] : disk(radius).at) {
      int x = cell % W + dx, y = cell / W + dy;
      if (x < 0 || y < 0 || x >= W || y >= H || seen[map][y * W + x]) continue;
      seen[map][y * W + x] = 1;
      r.stamps.push_back({map, y * W + x});
    }
  };
  for (auto& [layer, cell, width] : r.cells) {
    for (size_t k = 0; k < half.size(); k++) mark(2 * k + layer, cell, half[width] + rules.clearance + half[k]);
    mark(vias_map(), cell, half[width] + rules.clearance + rules.via);
  }
  for (int cell : r.vias) {
    for (size_t k = 0; k < half.size(); k++)
      for (int l = 0; l < 2; l++) mark(2 * k + l, cell, rules.via + rules.clearance + half[k]);
    mark(vias_map(), cell, 2 * rules.via + rules.clearance);
  }
  for (auto& [map, cell] : r.stamps) seen[map][cell] = 0;
}

void stamp(const Route& r, int by) {
  for (auto& [map, cell] : r.stamps) taken[map][cell] += by;
}

int conflicts(const Route& r) {         // with the net's own stamps lifted
  int n = 0;
  for (auto& [layer, cell, width] : r.cells) n += taken[2 * width + layer][cell] > 0;
  for (int cell : r.vias) n += taken[vias_map()][cell] > 0;
  return n;
}

// ---------------------------------------------------------------- the search

struct Search {
  vector<float> cost;
  vector<int> from, visited, wanted;
  vector<int8_t> way;
  int visit = 0, want = 0;
} search;
double pressure = 0.5;

bool may(int map, int cell, int net) { return owner[map][cell] == 0 || owner[map][cell] == net; }

float via_cost(int net, const Route& r, int cell) {   // negative: no via here
  if (!may(vias_map(), cell, net)) return -1;
  for (int v : r.vias) if (v != cell && length(v % W - cell % W, v / W - cell / W) * GRID < 0.75) return -1;
  return VIA_COST + pressure * 20 * taken[vias_map()][cell] + history[0][cell] + history[1][cell];
}

int widest(int net, int layer, int cell) {
  for (int k = nets[net].width; k > 0; k--)
    if (may(2 * k + layer, cell, net) && taken[2 * k + layer][cell] == 0) return k;
  return 0;
}

void take(int net, int end, bool with_via) {           // walk back and write the way down
  Route& r = routes[net];
  if (with_via) r.vias.push_back(end % N);
  vector<int> path;
  for (int s = end; s != -1; s = search.from[s]) path.push_back(s);
  int before = -1;
  for (size_t i = 0; i < path.size(); i++) {
    int layer = path[i] / N, cell = path[i] % N, width = widest(net, layer, cell);
    r.cells.push_back({layer, cell, width});
    if (i && path[i - 1] / N != layer) {
      if (std::find(r.vias.begin(), r.vias.end(), cell) == r.vias.end()) r.vias.push_back(cell);
    } else if (i) {
      r.segments.push_back({layer, path[i - 1] % N, cell, std::min(width, before)});
    }
    before = width;
  }
}

// From any of `starts` to a state marked as wanted, or (`to_plane`) to a via into the net's plane.
bool find_way(int net, const vector<int>& starts, bool to_plane, const array<int, 4>& box) {
  Route& r = routes[net];
  Search& q = search;
  q.visit++;
  typedef std::pair<float, int> Entry;
  std::priority_queue<Entry, vector<Entry>, std::greater<Entry>> open;
  auto guess = [&](int state) {
    if (to_plane) return 0.f;
    int x = state % N % W, y = state % N / W;
    int dx = std::max({box[0] - x, x - box[2], 0}), dy = std::max({box[1] - y, y - box[3], 0});
    return float(std::max(dx, dy) + 0.414 * std::min(dx, dy));
  };
  for (int s : starts) q.visited[s] = q.visit, q.cost[s] = 0, q.from[s] = -1, q.way[s] = -1, open.push({guess(s), s});
  while (!open.empty()) {
    auto [f, s] = open.top();
    open.pop();
    if (f > q.cost[s] + guess(s) + 1e-3) continue;
    int layer = s / N, cell = s % N, x = cell % W, y = cell / W;
    if (q.wanted[s] == q.want) return take(net, s, false), true;
    float via = via_cost(net, r, cell);
    bool over_plane = net == gnd ? plane_of[cell] != NO_PLANE : plane_of[cell] == net;
    if (to_plane && via >= 0 && taken[vias_map()][cell] == 0 && over_plane) return take(net, s, true), true;
    auto relax = [&](int t, float cost, int way) {
      if (q.visited[t] == q.visit && cost >= q.cost[t] - 1e-4) return;
      q.visited[t] = q.visit, q.cost[t] = cost, q.from[t] = s, q.way[t] = way;
      open.push({cost + guess(t), t});
    };
    for (int d = 0; d < 8; d++) {
      int nx = x + DX[d], ny = y + DY[d], next = ny * W + nx;
      if (nx < 0 || ny < 0 || nx >= W || ny >= H || !may(layer, next, net)) continue;
      int turn = q.way[s] < 0 ? 0 : std::min((d - q.way[s]) & 7, (q.way[s] - d) & 7);
      if (turn > 2) continue;
      float step = d % 2 ? 1.414f : 1.f;
      if (layer == 0 ? d == 2 || d == 6 : d == 0 || d == 4) step *= AGAINST;
      if (nets[net].width && widest(net, layer, next) < nets[net].width) step *= NECK;
      step *= (1 + history[layer][next]) * (1 + pressure * taken[layer][next]);
      relax(layer * N + next, q.cost[s] + step + BEND * turn * turn, d);
    }
    if (via >= 0 && may(1 - layer, cell, net)) relax((1 - layer) * N + cell, q.cost[s] + via, -1);
  }
  return false;
}

array<int, 4> box_of(const vector<int>& states) {
  array<int, 4> b = {W, H, 0, 0};
  for (int s : states) {
    int x = s % N % W, y = s % N / W;
    b = {std::min(b[0], x), std::min(b[1], y), std::max(b[2], x), std::max(b[3], y)};
  }
  return b;
}

double gap(const array<int, 4>& a, const array<int, 4>& b) {
  return length(std::max({a[0] - b[2], b[0] - a[2], 0}), std::max({a[1] - b[3], b[1] - a[3], 0}));
}

vector<string> failures;

void reach_plane(int n) {               // every group that does not touch the plane yet gets its own short way to it
  Net& net = nets[n];
  for (size_t g = 0; g < net.terminals.size(); g++) {
    if (net.in_plane[g] || net.terminals[g].empty()) continue;
    search.want++;
    for (auto& [layer, cell, width] : routes[n].cells) search.wanted[layer * N + cell] = search.want;
    if (!find_way(n, net.terminals[g], true, {})) failures.push_back(net.name + ": a pad finds no way to its plane");
  }
}

void join_groups(int n) {               // the nearest group next, from anywhere on what is joined
  Net& net = nets[n];
  vector<int> left, tree;
  for (size_t g = 0; g < net.terminals.size(); g++) if (!net.terminals[g].empty()) left.push_back(g);
  if (left.size() < 2) return;
  vector<array<int, 4>> done = {box_of(net.terminals[left[0]])};
  tree = net.terminals[left[0]];
  left.erase(left.begin());
  while (!left.empty()) {
    size_t best = 0;
    double near = 1e9;
    for (size_t i = 0; i < left.size(); i++)
      for (auto& b : done) {
        double d = gap(box_of(net.terminals[left[i]]), b);
        if (d < near) near = d, best = i;
      }
    auto& goal = net.terminals[left[best]];
    left.erase(left.begin() + best);
    search.want++;
    for (int s : goal) search.wanted[s] = search.want;
    size_t before = routes[n].cells.size();
    if (!find_way(n, tree, false, box_of(goal))) failures.push_back(net.name + ": no way between its pads");
    for (size_t i = before; i < routes[n].cells.size(); i++) {
      auto [layer, cell, width] = routes[n].cells[i];
      tree.push_back(layer * N + cell);
    }
    tree.insert(tree.end(), goal.begin(), goal.end());
    done.push_back(box_of(goal));
  }
}

void route(int n) {
  routes[n] = Route();
  if (nets[n].plane) reach_plane(n); else join_groups(n);
}

// ---------------------------------------------------------------- in and out

void read(const char* path) {
  std::ifstream in(path);
  string line;
  auto points = [](std::istringstream& words) {
    vector<Point> out;
    Point p;
    while (words >> p.x >> p.y) out.push_back(p);
    return out;
  };
  while (std::getline(in, line)) {
    std::istringstream words(line);
    string kind;
    if (!(words >> kind) || kind[0] == '#') continue;
    if (kind == "size") words >> board_w >> board_h;
    else if (kind == "rules") words >> rules.clearance >> rules.edge >> rules.via >> rules.hole;
    else if (kind == "widths") { double w; while (words >> w) half.push_back(w / 2); }
    else if (kind == "net") {
      Net n;
      int plane;
      words >> n.name >> n.width >> plane;
      n.plane = plane;
      if (n.name == "GND") gnd = nets.size();
      nets.push_back(n);
    }
    else if (kind == "plane") { int net; words >> net; planes.push_back({net, points(words)}); }
    else {
      Shape s;
      s.in_plane = kind.back() == '+';
      s.kind = kind.substr(0, kind.size() - s.in_plane);
      words >> s.name >> s.net >> s.group >> s.layers >> s.grow;
      s.points = points(words);
      shapes.push_back(s);
    }
  }
  W = std::lround(board_w / GRID) + 1, H = std::lround(board_h / GRID) + 1, N = W * H;
  owner.assign(2 * half.size() + 1, vector<int>(N, 0));
  taken.assign(2 * half.size() + 1, vector<uint16_t>(N, 0));
  for (auto& h : history) h.assign(N, 0);
  search.cost.resize(2 * N), search.from.resize(2 * N), search.way.resize(2 * N);
  search.visited.assign(2 * N, 0), search.wanted.assign(2 * N, 0);
  routes.resize(nets.size());
}

// GND vias wherever there is room, so that the pours on both sides are one with the plane.
void stitch() {
  const int STEP = 50;
  const double APART = 2.5;
  for (int y = STEP / 2; y < H; y += STEP)
    for (int x = STEP / 2; x < W; x += STEP) {
      int cell = y * W + x;
      if (!may(vias_map(), cell, gnd) || taken[vias_map()][cell] || plane_of[cell] == NO_PLANE) continue;
      bool near = false;
      for (int v : routes[gnd].vias) near = near || length(v % W - x, v / W - y) * GRID < APART;
      if (!near) routes[gnd].vias.push_back(cell);
    }
}

void write(const char* path) {
  std::ofstream out(path);
  out << std::fixed;
  out.precision(1);
  for (size_t n = 1; n < nets.size(); n++) {
    for (int v : routes[n].vias) out << "via " << nets[n].name << " " << v % W * GRID << " " << v / W * GRID << "\n";
    auto& s = routes[n].segments;
    for (size_t i = 0, j; i < s.size(); i = j) {       // pieces in one line become one
      int x = s[i].to % W, y = s[i].to / W, dx = x - s[i].from % W, dy = y - s[i].from / W;
      auto goes_on = [&](const Segment& next) {
        bool alike = next.layer == s[i].layer && next.width == s[i].width && next.from == y * W + x;
        return alike && next.to % W - x == dx && next.to / W - y == dy;
      };
      for (j = i + 1; j < s.size() && goes_on(s[j]); j++) x += dx, y += dy;
      out << "track " << nets[n].name << " " << (s[i].layer ? "B.Cu " : "F.Cu ");
      out << s[i].from % W * GRID << " " << s[i].from / W * GRID << " " << x * GRID << " " << y * GRID << " ";
      out.precision(2);
      out << 2 * half[s[i].width] << "\n";
      out.precision(1);
    }
  }
}

int main(int argc, char** argv) {
  if (argc != 3) return std::cerr << "usage: router problem.txt routes.txt\n", 2;
  read(argv[1]);
  keep_edges();
  keep_shapes();
  find_terminals();
  spread_planes();
  vector<std::pair<double, int>> order;                // short nets first, nets with a plane before all
  for (size_t n = 1; n < nets.size(); n++) {
    vector<int> all;
    for (auto& t : nets[n].terminals) all.insert(all.end(), t.begin(), t.end());
    auto b = box_of(all);
    order.push_back({nets[n].plane ? -1 : all.empty() ? 0 : b[2] - b[0] + b[3] - b[1], (int)n});
  }
  std::sort(order.begin(), order.end());
  size_t shared = 0;
  for (int pass = 1; pass <= PASSES; pass++) {
    failures.clear();
    int routed = 0;
    for (auto [span, n] : order) {
      stamp(routes[n], -1);
      if (pass == 1 || conflicts(routes[n])) route(n), collect_stamps(routes[n]), routed++;
      stamp(routes[n], 1);
    }
    vector<string> in_conflict;
    for (auto [span, n] : order) {
      stamp(routes[n], -1);
      if (conflicts(routes[n])) {
        in_conflict.push_back(nets[n].name);
        for (auto& [layer, cell, width] : routes[n].cells)
          if (taken[2 * width + layer][cell]) history[layer][cell] += 0.5;
        for (int v : routes[n].vias) if (taken[vias_map()][v]) history[0][v] += 2, history[1][v] += 2;
      }
      stamp(routes[n], 1);
    }
    shared = in_conflict.size();
    std::cerr << "pass " << pass << ": " << routed << " nets routed, " << shared << " share a place";
    if (shared && shared <= 6) for (auto& name : in_conflict) std::cerr << " " << name;
    std::cerr << std::endl;
    for (auto& f : failures) std::cerr << "  " << f << std::endl;
    if (!shared) break;
    pressure = std::min(pressure * 1.5, 40.);
  }
  stamp(routes[gnd], -1);
  stitch();
  write(argv[2]);
  if (shared) std::cerr << shared << " nets still share a place after " << PASSES << " passes\n";
  return shared || !failures.empty();
}
