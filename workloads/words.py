"""The vocabulary of generated text: common English words, most frequent first (roughly)."""

_TEXT = """
the of and to a in is that it for you with on as are be this have from or by not can your but we an will if at they
was one all which so what there their how when more about would some other these like then has time use them into
do than its only new also make could no my first may way should any each out two such where because need over most
work up data very just between after used good many different using example using while system code must same both
value function list number name people case long before through under change without line set point every add
file order problem type state small part result might still follow create check high large even step find however
return simple start answer question test process here right give model write read call better another best keep
since provide help include possible information available service text level given user means often page
second common within important form run key place think world sure several rather consider group method string
clear idea kind want object below table year life local control against general public single known view power until
request response application network server message account approach quality section support market company country
during build version design size language human history water energy school student teacher health body business
cost price product customer project team manager report research science study theory paper author book story
character letter sentence paragraph word meaning reason effect cause force speed light color image picture sound
music film game player score travel city street house home family child parent friend love heart mind feeling
morning evening night week month today tomorrow never always sometimes usually quickly slowly carefully simply
perhaps maybe although though unless whether either neither instead therefore moreover finally currently recently
especially particularly actually probably likely almost enough quite several early late young old strong weak
increase decrease improve reduce develop produce require allow prevent avoid replace remove update delete insert
select compare measure estimate calculate describe explain discuss suggest recommend expect assume suppose prove
believe understand remember forget learn teach practice train prepare plan decide choose prefer agree argue accept
reject offer receive send deliver carry bring take hold move turn stop continue finish complete begin open close
break repair connect separate combine divide multiply equal balance average maximum minimum range limit boundary
surface volume weight length height width depth distance direction position location region area space structure
pattern sequence series element component module library package interface protocol standard format document
column index query record field memory storage cache buffer queue thread task event signal error warning failure
recovery backup security password permission access policy rule law court government election president minister
economy industry trade bank money credit loan interest tax income budget profit loss risk insurance investment
patient doctor hospital medicine treatment disease symptom diet exercise sleep stress skin blood brain muscle
garden plant tree flower fruit vegetable kitchen recipe sugar butter oven dinner breakfast lunch coffee restaurant
mountain river ocean island forest desert weather winter summer spring autumn temperature pressure climate animal
bird horse fish insect ancient modern medieval century empire king queen soldier battle peace treaty freedom
philosophy religion culture tradition festival museum painting sculpture poet novel chapter verse rhythm melody
equation variable constant matrix vector gradient probability distribution sample variance hypothesis experiment
neural learning training token prompt attention layer weighting output input parameter argument loop condition
statement class inheritance exception compile debug deploy container cluster latency throughput bandwidth packet
"""

WORDS = tuple(dict.fromkeys(_TEXT.split()))

ENDINGS = ("", "s", "ed", "ing", "er")
"""Endings given to rarer words, so that the vocabulary is as wide as that of real text."""
