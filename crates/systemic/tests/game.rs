//! proto
use keelmark_systemic::game::Game;
#[test]
fn proto() {
    let text = include_str!("../../../samples/game.toml");
    let game = Game::parse("sample", text).unwrap();
    let t = std::time::Instant::now();
    let found = game.found();
    eprintln!("{:?}", t.elapsed());
    let show=|game:&Game, found:&keelmark_systemic::game::Found|{
    for (g, f) in game.failing.iter().zip(&found.fates) {
        eprintln!("{} {} come {:.3} nobody {:.4} seen {:?} prize {:.1} expl {:.5} rounds {} pay {:?}", g.name, g.count, f.come, f.nobody, f.seen, f.contest.prize(), f.solution.exploitability/f.contest.prize(), f.solution.rounds, f.solution.payoff);
    }
    eprintln!("{:?} expected {:?}\n shortfall {} +- {} ruin {} nobody {} worth {} miss {}", found.flows, found.expected, found.shortfall, found.error, found.ruin, found.nobody, found.worth, found.flows.missing());
    };
    show(&game,&found);
    for p in ["bonus","cost","latency","capital","vol","shock"] {
        let t = std::time::Instant::now();
        eprintln!("{:?} {:?}", game.limits(p), t.elapsed());
    }
    eprintln!("{:?}", game.collusion(&found.fates[0]));
    eprintln!("{:?}", game.two_steps());
    let lost: Vec<_> = game.tries().into_iter().map(|v| game.lost_at(v)).collect();
    eprintln!("{:?} {lost:?}", game.optimum(found.flows.owners+found.flows.fund,&lost));
    for m in ["kind = \"race\"\nbonus=0.06\nclose_factor=0.5\nfee=0.1", "kind=\"sealed\"\nseconds=60\nreserve=0.7\npenalty=0.0", "kind=\"dutch\"\nstart=1.2\nreserve=0.4\ncurve={kind=\"stairs\",cut=0.99,step=12}", "kind=\"reverse\"\nmost=0.15"] {
        let a = text.find("kind = \"fixed\"").unwrap(); let b = text.find("threshold = 0.80").unwrap();
        let text = format!("{}{}\n{}", &text[..a], m, &text[b..]);
        let game = Game::parse("x", &text).unwrap();
        let t = std::time::Instant::now();
        let found = game.found();
        eprintln!("\n== {m} {:?}", t.elapsed());
        show(&game,&found);
    let t = std::time::Instant::now();
    eprintln!("{:?} {:?}", game.collusion(&found.fates[0]), t.elapsed());
    }
}
